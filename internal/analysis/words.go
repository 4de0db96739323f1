package analysis

import "strings"

// isStopWord reports whether a folded word says nothing about what a chat
// talks about. Apostrophes were dropped before ("dont", "im").
func isStopWord(w []byte) bool {
	switch string(w) {
	case "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "arent", "as", "at",
		"be", "because", "been", "before", "being", "but", "by",
		"can", "cant", "cause", "could", "couldnt",
		"did", "didnt", "do", "does", "doesnt", "doing", "dont", "down",
		"even", "ever", "every",
		"for", "from",
		"get", "gets", "getting", "go", "going", "gonna", "got", "gotta",
		"had", "has", "hasnt", "have", "havent", "having", "he", "her", "here", "hes", "him", "his", "how",
		"i", "id", "if", "ill", "im", "in", "into", "is", "isnt", "it", "its", "ive",
		"just",
		"let", "lets", "like",
		"many", "maybe", "me", "more", "most", "much", "my",
		"no", "not", "now",
		"of", "off", "oh", "ok", "on", "one", "only", "or", "other", "our", "out", "over",
		"really",
		"same", "say", "see", "she", "shes", "should", "shouldnt", "so", "some", "something", "still", "such",
		"than", "that", "thats", "the", "their", "them", "then", "there", "theres", "these", "they", "theyre", "thing", "think", "this", "those", "though", "to", "too",
		"u", "up", "ur", "us",
		"very",
		"wanna", "want", "was", "wasnt", "we", "well", "were", "weve", "what", "whats", "when", "where", "which", "while", "who", "whos", "why", "will", "with", "wont", "would", "wouldnt",
		"yeah", "yes", "you", "youd", "youll", "your", "youre", "yours", "youve":
		return true
	}
	return false
}

// isDoubled reports whether a word is written with a double letter, so that
// "goooood" folds to "good" and not to "god".
func isDoubled(w []byte) bool {
	switch string(w) {
	case "all", "ass", "ball", "been", "beer", "bell", "better", "book", "boom", "boo", "boss", "bull",
		"call", "cheer", "cheers", "cheese", "class", "cool", "creepy",
		"deep", "doom", "door", "drool",
		"eww", "fall", "feel", "feels", "fell", "food", "fool", "free", "freeze", "full", "funny",
		"good", "goose", "grass", "greed", "green", "guess",
		"happy", "hell", "hello", "hmm", "hood", "hoo",
		"jeez", "keep", "kill", "kiss",
		"loot", "look", "loop", "loose", "loss",
		"mall", "meet", "miss", "mood", "moon", "muffin",
		"need", "noob", "noon", "noodle",
		"off", "ooh", "oof", "pass", "pee", "peepee", "peek", "poggers", "pool", "poop", "poor", "press", "pretty", "pull", "puppy", "pussy", "putt",
		"queen", "roll", "roof", "room", "root",
		"see", "seen", "school", "scoop", "sell", "shoot", "sleep", "sleepy", "small", "smell", "soon", "speed", "spoon", "steel", "still", "street", "sweet",
		"tall", "teeth", "tell", "too", "tool", "tree", "troll",
		"wall", "week", "weed", "well", "wheel", "will", "wood", "woohoo", "woo", "worry", "yell", "yeet", "yoo", "zoo", "zoom":
		return true
	}
	return false
}

// isKnownEmote reports whether a word is a widely used emote of a provider
// other than Twitch. Such emotes come without ranges; a word between spaces is
// compared with case.
func isKnownEmote(w string) bool {
	switch w {
	case "KEKW", "KEKL", "KEKLEO", "KEKWait", "LULW", "LULWW", "LuL", "LUL", "OMEGALUL", "MEGALUL", "ICANT", "LOLE",
		"Pog", "PogU", "PogO", "PogChamp", "POGGERS", "PauseChamp", "PagMan", "POGCRAZY", "HYPERS", "AYAYA", "Clap", "EZ", "EZY",
		"Pepega", "WeirdChamp", "SadChamp", "Sadge", "Madge", "Bedge", "Prayge", "Okayge", "Gayge", "Copege", "Susge", "Wokege", "Deadge", "Gladge", "Smadge", "Despairge", "Weirdge", "Nerdge",
		"COPIUM", "HOPIUM", "Copium", "Clueless", "Aware", "Stare", "NODDERS", "NOPERS", "YEP", "NOTED", "HandsUp",
		"5Head", "3Head", "4Head", "4Weird", "KKona", "KKonaW", "Kapp", "Kappa", "TriKool", "ZULUL", "TROLLGE", "monkaS", "monkaW",
		"GIGACHAD", "BASED", "NOWAY", "NOWAYING", "AINTNOWAY", "RIPBOZO", "BOZO", "WICKED", "WAYTOODANK",
		"BOOBA", "CAUGHT", "CRINGE", "SCHIZO", "Corpa", "GAMBA", "DinkDonk", "Joel", "VIBE", "PETPET", "HUH",
		"D:", "M&Mjc", "BibleThump", "NotLikeThis", "ResidentSleeper", "HeyGuys", "SeemsGood", "DansGame", "Jebaited", "TriHard", "BabyRage", "WutFace", "Kreygasm":
		return true
	}
	if len(w) < 6 || w[0] != 'F' && w[0] != 'P' && w[0] != 'O' && w[0]|0x20 != 'p' && w[0] != 'm' && w[0] != 'w' && w[0] != 'g' {
		return false
	}
	for _, family := range [...]string{"Feels", "Pepe", "Pepo", "Peepo", "peepo", "pepe", "monka", "widepeepo", "OMEGA", "gachi"} {
		if rest, ok := strings.CutPrefix(w, family); ok && rest != "" && (rest[0] >= 'A' && rest[0] <= 'Z') {
			return true
		}
	}
	return false
}

// hasEmoteShape reports whether a word is written as emotes are: the prefix of
// a channel in small letters and then a capital ("streamerHype"), or several
// words in one ("RainbowDance", "ClapHD"). Brands such as "iPhone" have one
// small letter in front only; those that look the same ("YouTube") and
// surnames ("McDonald") are left out.
func hasEmoteShape(w string) bool {
	if len(w) < 4 || len(w) > 28 {
		return false
	}
	lower := 0 // letters and digits before the first capital
	for lower < len(w) && (w[lower] >= 'a' && w[lower] <= 'z' || w[lower] >= '0' && w[lower] <= '9') {
		lower++
	}
	humps, small, tail := 0, 0, 0 // capitals after a small letter; small letters; capitals at the end
	for i := lower; i < len(w); i++ {
		switch c := w[i]; {
		case c >= 'A' && c <= 'Z':
			if i > 0 && w[i-1] >= 'a' {
				humps++
			}
			tail++
		case c >= 'a' && c <= 'z':
			small++
			tail = 0
		case c >= '0' && c <= '9':
			tail = 0
		default:
			return false
		}
	}
	switch {
	case lower == len(w):
		return false
	case lower > 0:
		return lower >= 2 && w[0] > '9'
	}
	// "NaM" and "NiP" could be anything.
	return humps > 0 && small >= 2 && (len(w) > 5 || tail < 2) && !isCompoundName(w)
}

// isCompoundName reports names that are written like emotes.
func isCompoundName(w string) bool {
	switch w {
	case "YouTube", "YouTuber", "YouTubers", "TikTok", "PayPal", "PlayStation", "GameStop", "GitHub", "OnlyFans", "MineCraft", "OverWatch",
		"DreamHack", "FaceBook", "InstaGram", "SnapChat", "SoundCloud", "JavaScript", "TypeScript", "PowerPoint", "LinkedIn", "FaceTime",
		"NaVi", "LeBron", "PewDiePie", "LoL", "WoW", "PhD", "CoD", "DoTA", "BitCoin", "NordVPN", "OpenAI", "ChatGPT", "HyperX", "SteelSeries", "AliExpress":
		return true
	}
	return strings.HasPrefix(w, "Mc") || strings.HasPrefix(w, "Mac") || strings.HasSuffix(w, "TV")
}

// isLink reports whether a token is an address and no word.
func isLink(w string) bool {
	dot := strings.IndexByte(w, '.')
	if dot <= 0 {
		return strings.Contains(w, "://")
	}
	if strings.Contains(w, "://") || strings.HasPrefix(w, "www.") {
		return true
	}
	host, _, path := strings.Cut(w, "/")
	top := host[strings.LastIndexByte(host, '.')+1:]
	if len(top) < 2 || len(top) > 6 {
		return false
	}
	for i := range len(top) {
		if c := top[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	if path {
		return true
	}
	switch strings.ToLower(top) {
	case "com", "net", "org", "tv", "gg", "io", "be", "ly", "me", "de", "fr", "uk", "ru", "xyz", "dev", "app", "edu", "gov", "info", "live", "link", "shop", "store", "site", "online":
		return true
	}
	return false
}

// isCommand reports whether a text is for a bot: "!uptime".
func isCommand(text string) bool {
	if len(text) < 2 || text[0] != '!' {
		return false
	}
	c := text[1]
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

// isKnownBot reports whether a login belongs to a bot that many channels use.
func isKnownBot(login string) bool {
	switch login {
	case "nightbot", "streamelements", "streamlabs", "moobot", "fossabot", "wizebot", "soundalerts",
		"sery_bot", "commanderroot", "supibot", "titlechange_bot", "buttsbot", "botrixoficial", "botisimo",
		"deepbot", "phantombot", "coebot", "ohbot", "xanbot", "vivbot", "hnlbot", "stay_hydrated_bot",
		"pretzelrocks", "songlistbot", "kofistreambot", "tangiabot", "blerp", "dixperbro", "own3d", "pokemoncommunitygame",
		"restreambot", "streamholics", "lolrankbot", "frostytoolsdotcom", "creatisbot", "snusbot", "snapchat_bot",
		"thepositivebot", "huwobot", "scriptorex", "gempbot", "potatbotat", "streamstickers", "streamlootsbot", "tipeeebot", "amazefulbot", "mirrobot", "playwithviewersbot", "overlayexpert", "crowdcontrol",
		"regressz", "logviewer", "drapsnatt", "mikuia", "ankhbot", "scorpbot", "anotherttvviewer", "lattemotte":
		return true
	}
	return false
}
