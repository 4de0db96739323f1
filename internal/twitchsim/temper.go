package twitchsim

import "time"

// temperament is what a channel is like.
type temperament struct {
	host     string  // how chat calls the streamer
	pet      string  // the streamer's, or what chat treats as one
	rate     float64 // messages per second in calm times
	regulars int
	foreign  float64 // share of people who write another language
	subject  lexis   // what the stream is about
	mood     float64 // where the mood returns to, -1 to 1
	pause    time.Duration
	scenes   []sceneChance
	prefix   string            // of the channel's emotes
	emotes   map[string]string // the channel's emotes, with their ids

	bosses, items, areas, games []string
}

// sceneChance is how often a scene comes, in relation to the others.
type sceneChance struct {
	kind   sceneKind
	weight int
}

// DemoChannels returns the names of the channels that a demo shows: four of
// different temper, from a quiet one to one at 15 messages a second in its peaks.
func DemoChannels() []string {
	return []string{"demo_hype", "demo_chess", "demo_cozy", "demo_drama"}
}

// temperamentOf returns a channel's temperament. Names that are no demo channel's
// get one of the four, with an own host and emotes.
func temperamentOf(channel string) temperament {
	var tm temperament
	switch channel {
	case "demo_hype":
		tm = hypeTemper()
		tm.host, tm.prefix = "max", "demohy"
	case "demo_chess":
		tm = chessTemper()
		tm.host, tm.prefix = "vera", "democh"
	case "demo_cozy":
		tm = cozyTemper()
		tm.host, tm.prefix = "luna", "democo"
	case "demo_drama":
		tm = dramaTemper()
		tm.host, tm.prefix = "rico", "demodr"
	default:
		h := hash64(channel)
		tm = [...]func() temperament{hypeTemper, chessTemper, cozyTemper, dramaTemper}[h%4]()
		tm.host = hosts[h/4%uint64(len(hosts))]
		tm.prefix = emotePrefix(channel)
	}
	tm.emotes = channelEmotes(channel, tm.prefix)
	return tm
}

// emotePrefix makes the prefix of a channel's emotes from its letters.
func emotePrefix(channel string) string {
	var b []byte
	for i := 0; i < len(channel) && len(b) < 6; i++ {
		if c := channel[i]; c >= 'a' && c <= 'z' {
			b = append(b, c)
		}
	}
	if len(b) == 0 {
		return "chan"
	}
	return string(b)
}

func hypeTemper() temperament {
	return temperament{
		pet: "goose", rate: 1.7, regulars: 420, foreign: 0.08, subject: actionGame, mood: 0.25, pause: 16 * time.Second,
		scenes: []sceneChance{
			{sceneTense, 24},
			{sceneHype, 20},
			{sceneLaugh, 16},
			{sceneSad, 9},
			{sceneRaid, 6},
			{sceneGifts, 8},
			{sceneDrama, 4},
			{sceneSound, 3},
			{scenePicture, 3},
			{scenePoll, 5},
			{sceneHate, 2},
			{sceneBreak, 3},
			{sceneViewbot, 1},
		},
		bosses: []string{"Grendok", "the Moth Queen", "Sir Rustalot", "Old Tentacle", "the Clockmaker", "Bramblejaw", "Captain Lantern"},
		items:  []string{"rusty spoon", "hookshot", "fire lute", "moon shield", "jump potion", "silver anchor", "shotgun", "ladle of doom"},
		areas:  []string{"Sunken Library", "Ashfields", "Frog Temple", "Upper Docks", "Glass Canyon", "Cellar Nine"},
		games:  []string{"Emberfall", "Neon Drifter", "Turbo Goblins", "Last Lantern"},
	}
}

func chessTemper() temperament {
	return temperament{
		pet: "parrot", rate: 0.8, regulars: 260, foreign: 0.12, subject: chess, mood: 0.1, pause: 26 * time.Second,
		scenes: []sceneChance{
			{sceneTense, 26},
			{sceneHype, 12},
			{sceneSad, 12},
			{sceneLaugh, 14},
			{scenePoll, 10},
			{sceneRaid, 4},
			{sceneGifts, 5},
			{sceneTogether, 7},
			{sceneDrama, 3},
			{sceneSound, 3},
			{sceneBreak, 5},
			{sceneViewbot, 2},
		},
		bosses: []string{"the hedgehog", "GM Ostrich", "the engine", "Uncle Castle", "the London guy", "Pawnstorm Pete"},
		items:  []string{"rook", "queen", "bishop pair", "outpost", "tempo", "isolated pawn", "long diagonal"},
		areas:  []string{"the endgame", "the queenside", "time trouble", "the middle game", "round seven"},
		games:  []string{"blitz", "bullet", "puzzle rush", "hand and brain", "rapid"},
	}
}

func cozyTemper() temperament {
	return temperament{
		pet: "cat", rate: 0.7, regulars: 240, foreign: 0.1, subject: cozy, mood: 0.5, pause: 28 * time.Second,
		scenes: []sceneChance{
			{sceneLaugh, 20},
			{sceneHype, 8},
			{sceneSad, 6},
			{sceneGifts, 10},
			{sceneRaid, 7},
			{sceneBreak, 9},
			{scenePoll, 10},
			{sceneTogether, 6},
			{sceneSound, 4},
			{scenePicture, 2},
			{sceneHate, 2},
			{sceneTense, 4},
			{sceneViewbot, 1},
		},
		bosses: []string{"the sourdough", "the big canvas", "the broken kettle", "Mister Slug", "the laundry"},
		items:  []string{"watercolour", "yarn", "cinnamon bun", "tiny teapot", "fern", "wooden spoon", "glitter pen"},
		areas:  []string{"the garden", "the kitchen", "the reading corner", "the frog pond", "the loft"},
		games:  []string{"Little Orchard", "Tea & Tiles", "Postman of Fernhill", "the sketch hour"},
	}
}

func dramaTemper() temperament {
	return temperament{
		pet: "lizard", rate: 1.5, regulars: 380, foreign: 0.06, subject: chatting, mood: -0.15, pause: 18 * time.Second,
		scenes: []sceneChance{
			{sceneDrama, 30},
			{sceneLaugh, 18},
			{sceneHype, 7},
			{sceneSad, 6},
			{scenePoll, 8},
			{sceneHate, 2},
			{sceneRaid, 5},
			{sceneGifts, 6},
			{sceneSound, 4},
			{scenePicture, 3},
			{sceneBreak, 4},
			{sceneTense, 4},
			{sceneViewbot, 2},
		},
		bosses: []string{"the landlord clip", "the apology video", "the cake incident", "the airport story", "the group chat"},
		items:  []string{"receipt", "microphone", "screenshot", "spreadsheet", "sponsorship", "green chair"},
		areas:  []string{"the comment section", "the reaction queue", "the forum", "act two", "the timeline"},
		games:  []string{"the debate hour", "tier lists", "courtroom night", "the reaction block"},
	}
}

var hosts = []string{"alex", "sam", "nova", "kim", "theo", "mira", "jo", "pax", "remy", "noor"}

var rivals = []string{"BigTuna", "CaptainOat", "MissVelcro", "DrPudding", "the Baron", "LordCrumb", "Aunt Static"}

var openings = []string{"Caro-Kann", "Sicilian", "London", "King's Indian", "Scotch", "Vienna", "French", "Dutch"}
