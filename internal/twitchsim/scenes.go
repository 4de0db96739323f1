package twitchsim

import (
	"math"
	"strings"
	"time"
)

// sceneKind names what may happen in a stream.
type sceneKind int

const (
	sceneCalm sceneKind = iota
	sceneHype
	sceneLaugh
	sceneSad
	sceneDrama
	sceneTense
	sceneRaid
	sceneGifts
	sceneHate
	sceneSound
	scenePicture
	sceneRelief
	scenePoll
	sceneBreak
	sceneTogether
	sceneViewbot
)

// sceneShape is how a scene runs: the rate rises to peak times the calm one,
// holds, and decays; meanwhile share of the messages are the scene's.
type sceneShape struct {
	set    lexis
	feel   feeling
	peak   float64
	rise   time.Duration
	hold   time.Duration
	decay  time.Duration // to a third
	share  float64
	crowd  float64 // how much the quiet ones join in
	energy float64 // capitals and stretched letters
	emotes float64 // share of messages of nothing but emotes
	wave   float64 // chance of a copypasta wave
	mood   float64 // where the mood is pulled to
}

// shapes are the scenes that are talk only; the others add events, see begin.
var shapes = map[sceneKind]sceneShape{
	sceneHype:     {set: hypeTalk, feel: hype, peak: 7.5, rise: 5 * time.Second, hold: 3 * time.Second, decay: 10 * time.Second, share: 0.92, crowd: 0.45, energy: 0.8, emotes: 0.3, wave: 0.35, mood: 0.9},
	sceneLaugh:    {set: laughTalk, feel: laughter, peak: 4.5, rise: 2 * time.Second, hold: 5 * time.Second, decay: 7 * time.Second, share: 0.9, crowd: 0.35, energy: 0.45, emotes: 0.4, wave: 0.2, mood: 0.6},
	sceneSad:      {set: sadTalk, feel: sorrow, peak: 3, rise: 3 * time.Second, hold: 8 * time.Second, decay: 10 * time.Second, share: 0.85, crowd: 0.25, energy: 0.3, emotes: 0.25, wave: 0.08, mood: -0.6},
	sceneDrama:    {set: dramaTalk, feel: anger, peak: 4, rise: 8 * time.Second, hold: 22 * time.Second, decay: 14 * time.Second, share: 0.8, crowd: 0.2, energy: 0.4, emotes: 0.08, wave: 0.12, mood: -0.9},
	sceneTense:    {set: tenseTalk, feel: tension, peak: 2, rise: 6 * time.Second, hold: 12 * time.Second, decay: 2 * time.Second, share: 0.75, crowd: 0.2, energy: 0.3, emotes: 0.3, mood: 0},
	sceneRaid:     {set: raidWelcome, feel: love, peak: 4, rise: 3 * time.Second, hold: 12 * time.Second, decay: 10 * time.Second, share: 0.75, crowd: 0.3, energy: 0.35, emotes: 0.15, mood: 0.7},
	sceneGifts:    {set: giftThanks, feel: love, peak: 3.5, rise: 2 * time.Second, hold: 8 * time.Second, decay: 8 * time.Second, share: 0.8, crowd: 0.3, energy: 0.4, emotes: 0.3, wave: 0.1, mood: 0.8},
	sceneHate:     {set: hateReply, feel: love, peak: 2.5, rise: 2 * time.Second, hold: 14 * time.Second, decay: 8 * time.Second, share: 0.6, crowd: 0.1, energy: 0.2, emotes: 0.1, mood: -0.2},
	sceneSound:    {set: soundTrouble, feel: tension, peak: 4, rise: 3 * time.Second, hold: 12 * time.Second, decay: 3 * time.Second, share: 0.88, crowd: 0.45, energy: 0.35, emotes: 0.05, mood: -0.4},
	scenePicture:  {set: pictureTrouble, feel: boredom, peak: 3, rise: 3 * time.Second, hold: 14 * time.Second, decay: 3 * time.Second, share: 0.85, crowd: 0.4, energy: 0.25, emotes: 0.08, mood: -0.45},
	sceneRelief:   {set: reliefTalk, feel: joy, peak: 2.5, rise: time.Second, hold: 4 * time.Second, decay: 4 * time.Second, share: 0.8, crowd: 0.3, energy: 0.2, emotes: 0.2, mood: 0.4},
	scenePoll:     {set: poll1, feel: joy, peak: 4, rise: 2 * time.Second, hold: 12 * time.Second, decay: 4 * time.Second, share: 0.9, crowd: 0.5, energy: 0.1, mood: 0.1},
	sceneBreak:    {set: breakTalk, feel: boredom, peak: 0.45, rise: 5 * time.Second, hold: 35 * time.Second, decay: 3 * time.Second, share: 0.7, emotes: 0.1, mood: 0},
	sceneTogether: {set: togetherTalk, feel: love, peak: 1.6, rise: 5 * time.Second, hold: 50 * time.Second, decay: 5 * time.Second, share: 0.35, crowd: 0.1, energy: 0.2, emotes: 0.1, mood: 0.5},
	sceneViewbot:  {set: viewbotTalk, feel: joy, peak: 1.3, rise: 5 * time.Second, hold: 30 * time.Second, decay: 3 * time.Second, mood: 0},
}

// scene is a scene that is on.
type scene struct {
	kind  sceneKind
	shape sceneShape
	start time.Duration
	lean  float64 // how many vote 1 in a poll
}

// length is how long the scene lasts in all.
func (s *scene) length() time.Duration {
	return s.shape.rise + s.shape.hold + 3*s.shape.decay
}

// weight is how strong the scene is at a moment, 0 to 1.
func (s *scene) weight(at time.Duration) float64 {
	e := at - s.start
	switch {
	case e < 0:
		return 0
	case e < s.shape.rise:
		return float64(e) / float64(s.shape.rise)
	case e < s.shape.rise+s.shape.hold:
		return 1
	}
	return math.Exp(-float64(e-s.shape.rise-s.shape.hold) / float64(s.shape.decay))
}

// tempo is how much faster than in calm times people write at a moment.
func (t *talk) tempo(at time.Duration) float64 {
	if t.scene == nil {
		return 1
	}
	return 1 + (t.scene.shape.peak-1)*t.scene.weight(at)
}

// plan decides when the next scene comes, and which.
func (t *talk) plan() {
	wait := min(6*time.Second+time.Duration(t.rng.ExpFloat64()*float64(t.temper.pause)), 4*t.temper.pause)
	if t.at == 0 {
		wait = t.between(6*time.Second, 12*time.Second) // a demo should not wait long
	}
	t.after(wait, func() { t.begin(t.drawScene()) })
}

func (t *talk) drawScene() sceneKind {
	total := 0
	for _, c := range t.temper.scenes {
		total += c.weight
	}
	for {
		n := t.rng.IntN(total)
		for _, c := range t.temper.scenes {
			if n -= c.weight; n < 0 {
				if c.kind == t.lastScene || c.kind == sceneTogether && (t.partner == nil || t.at < t.sharedUntil) {
					break // not twice running, and not alone together
				}
				return c.kind
			}
		}
	}
}

// begin starts a scene.
func (t *talk) begin(kind sceneKind) {
	shape := shapes[kind]
	// No two alike: rate and length vary.
	shape.peak = 1 + (shape.peak-1)*(0.75+0.5*t.rng.Float64())
	shape.hold = time.Duration(float64(shape.hold) * (0.6 + 0.8*t.rng.Float64()))
	sc := &scene{kind: kind, shape: shape, start: t.at, lean: 0.2 + 0.6*t.rng.Float64()}
	t.scene, t.lastScene = sc, kind
	if t.chance(0.6) {
		t.pickTopic()
	}
	switch kind {
	case sceneRaid:
		t.raid()
	case sceneGifts:
		t.gifts()
	case sceneHate:
		t.hateRaid(sc)
	case scenePoll:
		t.poll()
	case sceneTogether:
		t.sharedUntil = t.at + sc.length()
		t.partner.sharedUntil = t.sharedUntil
	case sceneViewbot:
		t.viewbots(sc)
	}
	if shape.wave > 0 && t.chance(shape.wave) {
		t.after(t.between(shape.rise, shape.rise+shape.hold), t.startWave)
	}
	t.after(sc.length(), t.endScene)
	t.nextChat = t.at + t.pause() // the pause was drawn at the old rate
}

// endScene returns to calm talk, or goes over to what follows from the scene.
func (t *talk) endScene() {
	kind := t.scene.kind
	t.scene = nil
	follow := sceneCalm
	switch x := t.rng.Float64(); kind {
	case sceneTense:
		switch {
		case x < 0.55:
			follow = sceneHype
		case x < 0.8:
			follow = sceneSad
		case x < 0.92:
			follow = sceneLaugh
		}
	case sceneSound, scenePicture:
		follow = sceneRelief
	case sceneHype:
		if x < 0.2 {
			follow = sceneGifts
		}
	case sceneDrama:
		if x < 0.25 {
			follow = sceneLaugh
		}
	case sceneSad:
		if x < 0.2 {
			follow = sceneGifts
		}
	}
	if follow != sceneCalm {
		t.begin(follow)
		return
	}
	t.plan()
	t.nextChat = t.at + t.pause()
}

// wave is a text that many copy.
type wave struct {
	text  string
	until time.Duration
	share float64
}

// startWave lets somebody post a text that others copy for a while.
func (t *talk) startWave() {
	p := t.people.pick(t.rng, 0.2)
	t.compose(p, pasta, joy, 0)
	t.wave = wave{text: string(t.text), until: t.at + t.between(12*time.Second, 35*time.Second), share: 0.15 + 0.25*t.rng.Float64()}
	t.say(p, extra{})
}

// chat lets somebody say something, as it fits what is going on.
func (t *talk) chat() {
	t.meanwhile()
	var weight float64
	crowd := 0.02
	if t.scene != nil {
		weight = t.scene.weight(t.at)
		crowd += t.scene.shape.crowd * weight
		t.mood += (t.scene.shape.mood - t.mood) * 0.03 * weight
	}
	t.mood += (t.temper.mood - t.mood) * 0.004
	p := t.people.pick(t.rng, crowd)
	if t.at < t.wave.until && t.chance(t.wave.share) {
		for range 5 { // nobody copies it twice in a row
			if p.copied != t.wave.text {
				break
			}
			p = t.people.pick(t.rng, 1)
		}
		p.copied = t.wave.text
		t.text = append(t.text[:0], t.wave.text...)
		if t.chance(0.06) {
			t.text = trimText(t.appendEmote(append(t.text, ' '), p, laughter))
		}
		t.say(p, extra{})
		return
	}
	if t.scene != nil && t.chance(t.scene.shape.share*math.Sqrt(weight)) {
		t.sceneLine(p, weight)
		return
	}
	t.calmLine(p)
}

// sceneLine says something about what is going on.
func (t *talk) sceneLine(p *person, weight float64) {
	sc := t.scene
	if text := strings.TrimSuffix(p.asked, " \u034f"); text != "" && len(text) < 40 && text[0] != '!' && text[0] != '@' && t.chance(0.03) {
		t.text = append(t.text[:0], text...) // once more, with feeling
		t.say(p, extra{})
		return
	}
	set, feel := sc.shape.set, sc.shape.feel
	switch x := t.rng.Float64(); sc.kind {
	case scenePoll:
		if x > sc.lean {
			set = poll2
		}
	case sceneRaid:
		if x < 0.45 && t.at-sc.start < 20*time.Second {
			p, set = t.people.newcomer(t.rng, t.temper), raidHello
			t.compose(p, set, feel, sc.shape.energy)
			t.say(p, extra{first: true})
			return
		}
	case sceneGifts:
		if p.login == t.topic.gifter { // who does not thank himself
			set, feel = calmGood, joy
		}
	case sceneHype:
		if x < 0.06 {
			set = praise
		}
	case sceneSad:
		if x < 0.08 {
			set = blame
		}
	case sceneDrama:
		switch {
		case x < 0.08: // some keep their temper
			set, feel = banter, irony
		case x < 0.14:
			set, feel = laughTalk, laughter
		case x < 0.2:
			if s := t.someone(); s != nil && s.by != p && !s.by.bot {
				t.reply(p, s, dramaTalk, anger)
				return
			}
		}
	}
	if t.chance(sc.shape.emotes) {
		t.emoteLine(p, feel)
	} else {
		t.compose(p, set, feel, sc.shape.energy*weight)
	}
	id := t.say(p, extra{})
	if sc.kind == sceneDrama && !p.mod && !p.broadcaster && t.chance(0.035) {
		t.moderate(p, id, string(t.text))
	}
}

// emoteLine writes nothing but emotes.
func (t *talk) emoteLine(p *person, feel feeling) {
	t.text = t.appendEmote(t.text[:0], p, feel)
	one := string(t.text)
	if t.chance(0.45) {
		for range 1 + int(t.rng.ExpFloat64()*2) {
			t.text = append(t.text, ' ')
			t.text = append(t.text, one...)
		}
	}
	t.text = trimText(t.text)
}

// calmFeel is the feeling of calm talk in the mood of now.
func (t *talk) calmFeel() (lexis, feeling) {
	x := t.rng.Float64()*2 - 1
	good := 0.30 + 0.28*t.mood
	bad := 0.16 - 0.14*t.mood
	switch x = (x + 1) / 2; {
	case x < good:
		return calmGood, [...]feeling{joy, joy, love, hype}[t.rng.IntN(4)]
	case x < good+bad:
		return calmBad, [...]feeling{sorrow, anger, boredom, tension}[t.rng.IntN(4)]
	}
	return calmFlat, [...]feeling{irony, joy, boredom, laughter, greeting}[t.rng.IntN(5)]
}

// calmLine says one of the many things that people say when nothing happens.
func (t *talk) calmLine(p *person) {
	set, feel := t.calmFeel()
	if p.foreign != noLexis && t.chance(0.75) {
		t.compose(p, p.foreign, feel, 0)
		t.say(p, extra{})
		return
	}
	x := t.rng.Float64()
	switch {
	case x < 0.14:
		t.emoteLine(p, feel)
		t.say(p, extra{})
	case x < 0.40:
		t.compose(p, t.temper.subject, feel, 0.05)
		t.say(p, extra{})
	case x < 0.46+p.asks:
		t.compose(p, question, irony, 0)
		t.say(p, extra{})
		asked := t.recent[(t.said-1)%recentSize]
		if t.chance(0.55) {
			t.after(t.between(2*time.Second, 7*time.Second), func() {
				if by := t.people.pick(t.rng, 0.05); by != asked.by {
					t.reply(by, &asked, answer, irony)
				}
			})
		}
	case x < 0.53:
		if s := t.someone(); s != nil && s.by != p && !s.by.bot {
			t.reply(p, s, []lexis{set, banter, set, laughTalk}[t.rng.IntN(4)], feel)
			return
		}
		t.compose(p, set, feel, 0.05)
		t.say(p, extra{})
	case x < 0.57:
		t.compose(p, banter, irony, 0)
		t.say(p, extra{})
	case x < 0.595:
		t.command(p)
	case x < 0.61:
		by := t.people.newcomer(t.rng, t.temper)
		t.arrive(by.login)
		t.compose(by, firstHello, greeting, 0)
		t.say(by, extra{first: true})
	case x < 0.635:
		t.compose(p, []lexis{hello, hello, bye}[t.rng.IntN(3)], greeting, 0)
		t.say(p, extra{})
	case x < 0.66:
		t.compose(p, longTalk, feel, 0)
		t.say(p, extra{})
	case x < 0.667:
		t.compose(p, actionTalk, joy, 0)
		t.say(p, extra{action: true})
	case x < 0.673:
		t.cheer(p)
	case x < 0.678:
		t.compose(p, set, feel, 0)
		t.say(p, extra{msgID: "highlighted-message"})
	case x < 0.69:
		t.compose(p, []lexis{praise, blame}[t.rng.IntN(2)], hype, 0.2)
		t.say(p, extra{})
	case x < 0.70:
		t.compose(t.people.host, hostTalk, joy, 0)
		t.say(t.people.host, extra{})
	default:
		t.compose(p, set, feel, 0.05)
		t.say(p, extra{})
	}
}

// reply answers a message.
func (t *talk) reply(p *person, to *spoken, set lexis, feel feeling) {
	parent := *to // the ring goes on
	t.compose(p, set, feel, 0.1)
	body := string(t.text)
	name := parent.by.login
	if plainName(parent.by.display) {
		name = parent.by.display
	}
	t.text = append(append(append(append(t.text[:0], '@'), name...), ' '), body...)
	t.text = trimText(t.text)
	t.say(p, extra{reply: &parent})
}

// plainName reports whether a shown name can stand behind an '@' as one word.
func plainName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
