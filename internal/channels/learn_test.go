package channels_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/sentiment"
)

const praise, blame = "what a great play zorpQux love it", "this is awful zorpQux worst game ever"

// lesson lets people say text in a channel, each once.
func (w *world) lesson(channel, text string, people int) {
	for i := range people {
		w.say(channel, fmt.Sprint(text, i), fmt.Sprint("viewer", i), text)
	}
}

// scoreOf says text in a channel and tells how it was judged.
func (w *world) scoreOf(channel, id, text string) float64 {
	w.t.Helper()
	w.say(channel, id, "asker", text)
	recent, ok := w.manager.Recent(channel, 1)
	if !ok || len(recent) != 1 {
		w.t.Fatalf("%d recent messages", len(recent))
	}
	var m struct {
		ID string  `json:"id"`
		S  float64 `json:"s"`
	}
	if err := json.Unmarshal(recent[0], &m); err != nil || m.ID != id {
		w.t.Fatalf("the last message is %+v, want %s, %v", m, id, err)
	}
	return m.S
}

// What people say around an emote that nobody has rated changes how later
// messages with it are judged, in that channel alone; over an orderly restart,
// and over the end of the analysis.
func TestLearningChangesLaterMessages(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	w.start("alpha")
	w.start("beta")
	before := w.scoreOf("alpha", "before", "zorpQux")
	w.lesson("alpha", praise, 30)
	after := w.scoreOf("alpha", "after", "zorpQux")
	if after <= before+0.1 {
		t.Errorf("score is %v after 30 people's praise, was %v", after, before)
	}
	if other := w.scoreOf("beta", "other", "zorpQux"); other != before {
		t.Errorf("score is %v in another channel, was %v", other, before)
	}
	w.close()

	w = openWorld(t, dir, nil)
	w.start("alpha") // it was resumed
	if got := w.scoreOf("alpha", "restarted", "zorpQux"); got != after {
		t.Errorf("score is %v after a restart, was %v", got, after)
	}
	if _, err := w.manager.Stop(t.Context(), "alpha"); err != nil {
		t.Fatal(err)
	}
	w.start("alpha")
	if got := w.scoreOf("alpha", "next", "zorpQux"); got != after {
		t.Errorf("score is %v in the next session, was %v", got, after)
	}
}

// A process that is killed has stored what was learnt up to seconds before.
func TestLearningOutlivesAKill(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	w.start("alpha")
	w.lesson("alpha", praise, 30)
	want := w.scoreOf("alpha", "before", "zorpQux")
	w.manager.SaveLearned(t.Context())
	w.eventually("the session is stored", func() bool {
		running, err := w.store.Running(t.Context())
		return err == nil && len(running) == 1
	})
	kept, err := w.store.Learning().Learned(t.Context(), "alpha")
	if err != nil {
		t.Fatal(err)
	}
	// What comes now is lost with the process.
	w.lesson("alpha", blame, 30)
	w.close()
	store := mustOpen(t, dir)
	if err := store.Learning().ImportLearned(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	w = openWorld(t, dir, nil)
	w.start("alpha")
	if got := w.scoreOf("alpha", "after", "zorpQux"); got != want {
		t.Errorf("score is %v after the kill, was %v when it was stored", got, want)
	}
}

// A few people cannot teach nonsense, however much they write and however often
// an analysis begins anew; bots teach nothing at all.
func TestLearningIsNotPoisoned(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	w.start("alpha")
	before := w.scoreOf("alpha", "before", "zorpQux")
	for i := range 2000 {
		w.say("alpha", fmt.Sprint("f", i), fmt.Sprint("friend", i%4), blame)
		if i%500 == 499 {
			if _, err := w.manager.Stop(t.Context(), "alpha"); err != nil {
				t.Fatal(err)
			}
			w.start("alpha")
		}
	}
	for i := range 50 {
		w.say("alpha", fmt.Sprint("b", i), []string{"nightbot", "streamelements", "moobot", "fossabot"}[i%4], blame)
	}
	if after := w.scoreOf("alpha", "after", "zorpQux"); after != before {
		t.Errorf("four people and bots changed the score from %v to %v", before, after)
	}
	// And where many have taught, one does not outvote them.
	w.lesson("alpha", "what a great play blimWex love it", 20)
	taught := w.scoreOf("alpha", "taught", "blimWex")
	for i := range 2000 {
		w.say("alpha", fmt.Sprint("h", i), "hater", "this is awful blimWex worst game ever")
	}
	if after := w.scoreOf("alpha", "still", "blimWex"); after < taught-0.35 || after <= before {
		t.Errorf("one person changed the score from %v to %v; of an unknown emote it is %v", taught, after, before)
	}
}

// noLessons is a store of what was learnt that can be switched off.
type noLessons struct {
	analysis.LearningStore
	mu  sync.Mutex
	err error
}

func (n *noLessons) set(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = err
}

func (n *noLessons) failure() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

func (n *noLessons) TakeLearned(ctx context.Context, channel string, fence int64) (analysis.Learned, error) {
	if err := n.failure(); err != nil {
		return analysis.Learned{}, err
	}
	return n.LearningStore.TakeLearned(ctx, channel, fence)
}

func (n *noLessons) SaveLearned(ctx context.Context, l analysis.Learned) (bool, error) {
	if err := n.failure(); err != nil {
		return false, err
	}
	return n.LearningStore.SaveLearned(ctx, l)
}

// While the store is away nothing that it holds is replaced: learning waits until
// it is known what was learnt before. What was learnt when it went away is kept
// when it is back.
func TestLearningWhileTheStoreIsAway(t *testing.T) {
	dir := t.TempDir()
	store := mustOpen(t, dir)
	learner, engine := sentiment.NewLearner(), sentiment.New()
	for i := range 30 {
		learner.Observe(engine, praise, nil, fmt.Sprint("viewer", i), time.Now())
	}
	state, err := json.Marshal(learner.State())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Learning().ImportLearned(t.Context(), analysis.Learned{Channel: "alpha", At: time.Now(), State: state}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	away := new(noLessons)
	w := openWorldWith(t, dir, nil, func(l analysis.LearningStore) analysis.LearningStore {
		away.LearningStore = l
		return away
	})
	away.set(errors.New("away"))
	w.start("alpha")
	unknown := w.scoreOf("alpha", "away", "zorpQux")
	w.manager.SaveLearned(t.Context())
	away.set(nil)
	w.manager.SaveLearned(t.Context())
	known := w.scoreOf("alpha", "back", "zorpQux")
	if known <= unknown+0.1 {
		t.Errorf("score is %v with the store and %v without", known, unknown)
	}
	away.set(errors.New("away again"))
	w.lesson("alpha", "this is awful blimWex worst game ever", 30)
	taught := w.scoreOf("alpha", "taught", "blimWex")
	if _, err := w.manager.Stop(t.Context(), "alpha"); err != nil {
		t.Fatal(err)
	}
	w.start("alpha")
	if got := w.scoreOf("alpha", "again", "blimWex"); got != taught {
		t.Errorf("score is %v in a session begun while the store is away, was %v", got, taught)
	}
	away.set(nil)
	w.manager.SaveLearned(t.Context())
	w.close()
	w = openWorld(t, dir, nil)
	w.start("alpha")
	if got := w.scoreOf("alpha", "restarted", "blimWex"); got != taught {
		t.Errorf("score is %v after all, was %v", got, taught)
	}
}

// relabelled collects the relabel frames of a channel.
type relabelled struct {
	ID        string  `json:"id"`
	L         string  `json:"l"`
	S         float64 `json:"s"`
	F         string  `json:"f"`
	Corrected bool    `json:"corrected"`
}

func (w *world) relabels(channel string) func() []relabelled {
	frames := w.frames(channel)
	return func() (list []relabelled) {
		for _, e := range frames() {
			var f struct {
				Type string `json:"type"`
				relabelled
			}
			if json.Unmarshal(e.Payload, &f) == nil && f.Type == "relabel" {
				list = append(list, f.relabelled)
			}
		}
		return list
	}
}

func TestCorrectMessage(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	w.start("alpha")
	relabels := w.relabels("alpha")
	w.say("alpha", "m1", "viewer", "LETS GOOO PogChamp")
	w.say("alpha", "m2", "viewer", "LETS GOOO PogChamp")
	before, _ := w.manager.Snapshot("alpha", 5)
	if before.Counts.Positive != 2 {
		t.Fatalf("counts %+v", before.Counts)
	}
	correct := func(c analysis.LabelChange, want error) analysis.LabelChanged {
		t.Helper()
		done, ok, err := w.manager.Correct("alpha", c)
		if !ok || !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Fatalf("correcting %+v: %v, %v, want %v", c, ok, err, want)
		}
		return done
	}
	counts := func() analysis.Counts {
		snap, _ := w.manager.Snapshot("alpha", 5)
		return snap.Counts
	}
	done := correct(analysis.LabelChange{MessageID: "m1", Label: sentiment.Negative, By: "u1"}, nil)
	if want := fmt.Sprintf("%016x", sentiment.TextHash("LETS GOOO PogChamp")); done.Hash != want || done.Score != -1 {
		t.Errorf("corrected: %+v, want the hash %s", done, want)
	}
	if c := counts(); c.Positive != 1 || c.Negative != 1 || c.Total != 2 {
		t.Errorf("counts are %+v after the correction", c)
	}
	w.eventually("the viewers are told", func() bool { return len(relabels()) == 1 })
	if f := relabels()[0]; f.ID != "m1" || f.L != "n" || f.S != -1 || f.F != "C" && f.F != "hC" || !f.Corrected {
		t.Errorf("they are told %+v", f)
	}
	// Those who come later see it as well.
	recent, _ := w.manager.Recent("alpha", 2)
	var m relabelled
	if err := json.Unmarshal(recent[0], &m); err != nil || m.L != "n" {
		t.Errorf("latecomers see %+v, %v", m, err)
	}
	// A stranger's word does not change what others say of the same text.
	w.say("alpha", "m3", "viewer", "LETS GOOO PogChamp")
	if c := counts(); c.Positive != 2 {
		t.Errorf("counts are %+v: one correction changed another message", c)
	}
	// Nor does a stranger take back what others corrected, or correct what the trusted did.
	correct(analysis.LabelChange{MessageID: "m1", Undo: true, By: "u2"}, analysis.ErrSettled)
	correct(analysis.LabelChange{MessageID: "m2", Label: sentiment.Neutral, By: "owner", Trusted: true}, nil)
	correct(analysis.LabelChange{MessageID: "m2", Label: sentiment.Negative, By: "u1"}, analysis.ErrSettled)
	w.say("alpha", "m4", "viewer", "LETS GOOO PogChamp")
	if c := counts(); c.Neutral != 2 {
		t.Errorf("counts are %+v: what the trusted say of a text counts for all messages of it", c)
	}
	correct(analysis.LabelChange{MessageID: "m2", Undo: true, By: "owner", Trusted: true}, nil)
	correct(analysis.LabelChange{MessageID: "m1", Undo: true, By: "u1"}, nil)
	correct(analysis.LabelChange{MessageID: "m1", Undo: true, By: "u1"}, analysis.ErrNoMessage)
	w.say("alpha", "m5", "viewer", "LETS GOOO PogChamp")
	if c := counts(); c.Positive != 4 || c.Neutral != 1 || c.Negative != 0 {
		t.Errorf("counts are %+v after all was taken back", c)
	}
	w.eventually("the viewers are told of all", func() bool { return len(relabels()) == 4 })
	if f := relabels()[3]; f.L != "p" || f.Corrected {
		t.Errorf("at last they are told %+v", f)
	}
	correct(analysis.LabelChange{MessageID: "unknown", Label: sentiment.Neutral, By: "u1"}, analysis.ErrNoMessage)
	// Beyond those that are remembered with their texts, whoever corrects gives it.
	w.say("alpha", "old", "viewer", "an old message")
	for i := range 600 {
		w.say("alpha", fmt.Sprint("later", i), "viewer", "ok")
	}
	correct(analysis.LabelChange{MessageID: "old", Label: sentiment.Positive, By: "u1"}, analysis.ErrNoMessage)
	done = correct(analysis.LabelChange{MessageID: "old", Label: sentiment.Positive, By: "u1", Text: "an old message"}, nil)
	if want := fmt.Sprintf("%016x", sentiment.TextHash("an old message")); done.Hash != want {
		t.Errorf("hash %s, want %s", done.Hash, want)
	}
	if _, ok, _ := w.manager.Correct("nobody", analysis.LabelChange{MessageID: "m1", By: "u1"}); ok {
		t.Error("a channel that nobody analyses was corrected")
	}
}

func TestTeachEmotes(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	w.start("alpha")
	before := w.scoreOf("alpha", "before", "zorpQux")
	bad, yes := float32(-0.9), true
	now, ok, err := w.manager.Teach(t.Context(), "alpha", analysis.LessonChange{Name: "zorpQux", Value: &bad, Frozen: &yes, Admin: true})
	if err != nil || !ok || !now.Corrected || !now.Frozen || now.Valence != bad {
		t.Fatalf("taught %+v, %v, %v", now, ok, err)
	}
	if got := w.scoreOf("alpha", "after", "zorpQux"); got >= before-0.1 {
		t.Errorf("score is %v, was %v", got, before)
	}
	kept, err := w.store.Learning().Learned(t.Context(), "alpha")
	if err != nil || len(kept.State) == 0 {
		t.Errorf("it is not stored at once: %+v, %v", kept, err)
	}
	if _, _, err := w.manager.Teach(t.Context(), "alpha", analysis.LessonChange{Name: "zorpQux", Release: true}); !errors.Is(err, sentiment.ErrAdminSet) {
		t.Errorf("releasing what an administrator set: %v", err)
	}
	if _, _, err := w.manager.Teach(t.Context(), "alpha", analysis.LessonChange{Name: "PogChamp", Value: &bad}); !errors.Is(err, analysis.ErrUnteachable) {
		t.Errorf("a rated emote: %v", err)
	}
	list, ok, err := w.manager.Learned("alpha")
	if err != nil || !ok || len(list) != 1 || list[0].Name != "zorpQux" {
		t.Errorf("learned %+v, %v, %v", list, ok, err)
	}
	x, ok, err := w.manager.Explain("alpha", "after")
	if err != nil || !ok || len(x.Parts) != 1 || x.Parts[0].Rule != sentiment.RuleLearnt || x.Parts[0].Text != "zorpQux" || x.Parts[0].End != 7 {
		t.Errorf("explained %+v, %v, %v", x, ok, err)
	}
	if _, _, err := w.manager.Explain("alpha", "unknown"); !errors.Is(err, analysis.ErrNoMessage) {
		t.Errorf("explaining an unknown message: %v", err)
	}
	if _, _, err := w.manager.Teach(t.Context(), "alpha", analysis.LessonChange{Name: "zorpQux", Release: true, Admin: true}); err != nil {
		t.Error(err)
	}
	if got := w.scoreOf("alpha", "released", "zorpQux"); got != before {
		t.Errorf("released, the score is %v, was %v", got, before)
	}
}
