package train

import (
	"strings"

	"chatmood/internal/sentiment"
)

// idiomFrames are the sentences in which idioms are shown to the model: chat
// alone shows it too few of most.
var idiomFrames = []string{"%", "%", "% lol", "that was %", "this is %", "he is %", "@user %", "honestly %", "ngl %", "% tbh", "% !", "ok %", "the new map is %"}

// faceFrames are those in which emotes, emoji and faces are shown.
var faceFrames = []string{"%", "% %"}

// ironyFrames are sentences whose mark says that the praise in them is not
// meant; praises are what is not meant.
var (
	ironyFrames = []string{"\"%\" Kappa", "% Kappa", "wow % Kappa", "such a % Kappa", "yeah % Kappa", "\"%\" 4Head", "\"%\" LUL", "\"%\" KEKW"}
	praises     = []string{
		"pro player", "best player", "good player", "skilled player", "great aim", "nice aim", "best team", "great play", "good job", "well played",
		"good teamwork", "smart move", "top tier", "professional", "legend", "genius", "skill", "balanced game", "fair game", "great driver", "best in the world",
	}
	// What nobody calls great and means it.
	failureFrames = []string{"what a great way to %", "what a nice way to %", "great way to %", "good way to % LUL", "amazing way to %"}
	failures      = []string{"lose", "die", "throw", "lose a game", "throw a lead", "waste a smoke", "end the run", "get banned", "lose all the loot", "start the day with a loss"}
)

// lexiconLessons adds invented messages of idioms, emotes, emoji and faces with
// what their rating says about them, ironic praise, and praise of failures.
func lexiconLessons(l *Lessons) {
	for _, x := range sentiment.RatedEntries() {
		frames := faceFrames
		if x.Idiom {
			frames = idiomFrames
		}
		for _, f := range frames {
			l.add(strings.ReplaceAll(f, "%", x.Text), ratingTarget(x.Valence))
		}
		if x.Idiom && x.Valence > 0.3 {
			l.add(x.Text+" PogChamp", [3]float32{0.04, 0.94, 0.02})
		}
	}
	for _, f := range ironyFrames {
		for _, x := range praises {
			l.add(strings.ReplaceAll(f, "%", x), [3]float32{0.26, 0.06, 0.68})
		}
	}
	for _, f := range failureFrames {
		for _, x := range failures {
			l.add(strings.ReplaceAll(f, "%", x), [3]float32{0.2, 0.08, 0.72})
		}
	}
}

// ratingTarget turns a rating into chances.
func ratingTarget(v float32) [3]float32 {
	a := max(v, -v)
	if a < 0.1 {
		return [3]float32{0.8, 0.1, 0.1}
	}
	strong := min(1.6*a, 0.9)
	p := [3]float32{0.95 - strong, 0.05, 0.05}
	if v > 0 {
		p[1] = strong
	} else {
		p[2] = strong
	}
	return p
}
