package twitchsim

// globalEmotes are emotes that everybody on Twitch has, with their public ids.
var globalEmotes = map[string]string{
	":)": "1", ":(": "2", ":D": "3", "<3": "9",
	"Kappa": "25", "PJSalt": "36", "Kreygasm": "41", "DansGame": "33", "SMOrc": "52", "FrankerZ": "65", "BibleThump": "86",
	"ResidentSleeper": "245", "4Head": "354", "Keepo": "1902", "BabyRage": "22639", "WutFace": "28087", "HeyGuys": "30259",
	"KappaPride": "55338", "CoolCat": "58127", "NotLikeThis": "58765", "SeemsGood": "64138", "KappaRoss": "70433",
	"VoHiYo": "81274", "KomodoHype": "81273", "GivePLZ": "112291", "TakeNRG": "112292", "Jebaited": "114836",
	"CoolStoryBob": "123171", "KonCha": "160400", "LUL": "425618", "PogChamp": "305954156",
}

// feeling is what an emote is used for.
type feeling int

const (
	joy feeling = iota
	laughter
	hype
	love
	sorrow
	anger
	tension
	irony
	boredom
	greeting
	feelings // how many there are
)

// twitchEmotes are Twitch's own by feeling, thirdEmotes those of browser
// extensions, which are words to Twitch.
var (
	twitchEmotes = [feelings][]string{
		joy:      {":)", ":D", "SeemsGood", "CoolCat", "VoHiYo", "KonCha"},
		laughter: {"LUL", "4Head", "LUL", "KappaRoss"},
		hype:     {"PogChamp", "KomodoHype", "Kreygasm", "TakeNRG", "SMOrc"},
		love:     {"<3", "VoHiYo", "KappaPride", "GivePLZ", "FrankerZ"},
		sorrow:   {"BibleThump", ":(", "NotLikeThis", "BibleThump"},
		anger:    {"DansGame", "BabyRage", "PJSalt", "WutFace", "SMOrc"},
		tension:  {"NotLikeThis", "WutFace", "BabyRage"},
		irony:    {"Kappa", "Keepo", "Jebaited", "CoolStoryBob", "Kappa"},
		boredom:  {"ResidentSleeper", "CoolStoryBob", "ResidentSleeper"},
		greeting: {"HeyGuys", "VoHiYo", "KonCha", "<3"},
	}
	thirdEmotes = [feelings][]string{
		joy:      {"FeelsGoodMan", "peepoHappy", "Gladge", "NODDERS", "widepeepoHappy", "catJAM", "FeelsOkayMan"},
		laughter: {"KEKW", "OMEGALUL", "LULW", "PepeLaugh", "ICANT", "xdd", "KEKW"},
		hype:     {"POGGERS", "PogU", "Pog", "LETSGO", "EZ", "Clap", "GIGACHAD", "POGCRAZY"},
		love:     {"peepoLove", "widepeepoHappy", "FeelsStrongMan", "peepoHug", "BLELELE"},
		sorrow:   {"Sadge", "PepeHands", "FeelsBadMan", "peepoSad", "SAJ", "Smadge"},
		anger:    {"Madge", "REEEE", "WeirdChamp", "DESKCHAN", "peepoMad", "Stare"},
		tension:  {"monkaS", "monkaW", "PauseChamp", "Prayge", "Copium", "monkaGIGA"},
		irony:    {"Kapp", "Clueless", "COPIUM", "Surely", "5Head", "HUHH", "Aware"},
		boredom:  {"Bedge", "Deadge", "NOPERS", "modCheck", "peepoLeave"},
		greeting: {"peepoArrive", "FeelsOkayMan", "peepoHey", "widepeepoHappy"},
	}
)

// emojis by feeling; some are joined by U+200D, some carry U+FE0F.
var emojis = [feelings][]string{
	joy:      {"😊", "😄", "👍", "✨", "☺️", "👌🏽"},
	laughter: {"😂", "🤣", "💀", "😹", "💀💀"},
	hype:     {"🔥", "🔥🔥🔥", "🎉", "🚀", "💪🏻", "⚡"},
	love:     {"❤️", "💜", "🫶", "❤️‍🔥", "👨‍👩‍👧‍👦", "🏳️‍🌈"},
	sorrow:   {"😭", "😢", "💔", "🥲", "😞"},
	anger:    {"😡", "🤬", "👎", "🙄", "😤"},
	tension:  {"😬", "🙏", "👀", "😱", "🤞🏼"},
	irony:    {"🤡", "🙃", "😏", "🤓", "🤷‍♂️"},
	boredom:  {"😴", "🥱", "😐", "💤"},
	greeting: {"👋", "👋🏾", "🙋‍♀️", "☕"},
}

// channelEmotes makes the emotes of a channel: a prefix and what they show, with
// ids in the form that newer emotes have.
func channelEmotes(channel, prefix string) map[string]string {
	emotes := map[string]string{}
	for _, kind := range channelEmoteKinds {
		name := prefix + kind
		hi, lo := hash64(channel+kind), hash64(kind+channel)
		id := uuid(hi, lo)
		emotes[name] = "emotesv2_" + id[0:8] + id[9:13] + id[14:18] + id[19:23] + id[24:36]
	}
	return emotes
}

var channelEmoteKinds = []string{"Hype", "Love", "Lul", "Cry", "Rage", "Hi", "Gg", "Sip"}

// channelKindOf is the channel's emote for a feeling.
var channelKindOf = [feelings]string{
	joy: "Gg", laughter: "Lul", hype: "Hype", love: "Love", sorrow: "Cry", anger: "Rage", tension: "Sip", irony: "Sip",
	boredom: "Sip", greeting: "Hi",
}
