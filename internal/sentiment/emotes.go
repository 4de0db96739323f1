package sentiment

// IsEmote reports whether a word is the name of an emote that the built-in
// lexicon knows: Twitch's global ones and those of the extensions that many
// channels use. Case counts, as it does for the extensions: "Kappa" is one and
// "kappa" is not. A few names are none because they are far more often ordinary
// words ("Boring" at the beginning of a sentence, a shouted "THIS"). It does not
// allocate and is safe for concurrent use.
func (e *Engine) IsEmote(word string) bool {
	i := e.lex.exact.get(hashString(word))
	return i >= 0 && e.lex.entries[i].class&classEmote != 0 && !isEnglish(word)
}

// isEnglish reports those names of emotes that people write as words.
func isEnglish(name string) bool {
	switch name {
	case "Aware", "Boring", "Clap", "Chatting", "Chopped", "Cinema", "Classic", "Clown", "Clowned", "Clowning", "Comfy", "Concerned",
		"Cooked", "Cooking", "Cozy", "Cringe", "Cute", "Despair", "Disgust", "Ditching", "Drinking", "Fraud", "Fumbled",
		"Goated", "Ignored", "Laughing", "Life", "Listening", "Loading", "Looking", "Lounging", "Pain", "Popcorn",
		"Rave", "Salute", "Saluting", "Scared", "Shrug", "Smug", "Stare", "Tasty", "Thinking", "Toxic", "Trash", "Waiting",
		"Washed", "Wave", "Welcome", "Wholesome", "Yapping",
		"Aww", "Awww", "Bruh", "Erm", "Hmm", "Nope", "Sheesh", "Ummm", "Yay", "Yikes",
		"chad", "clapping", "hello", "hiii", "hiiii", "letsgo", "muah", "ohno", "ouch", "puke", "sheesh", "silly", "sobbing",
		"uhh", "uhm", "umm", "vibin", "waitt", "wtfwtfwtf", "yapping", "yay", "yippee",
		// Shouted.
		"AAAA", "ALERT", "AURA", "AWW", "AWWW", "BAND", "BANGER", "BRUH", "BUTTON", "CHAD", "CHATTING", "CLOWNING", "COMFY", "COOKING", "CRINGE",
		"CUTE", "DANCE", "DISGUSTED", "FLASHBANG", "FRAUD", "FUCKYOU", "FUMBLED", "GOATED", "HELLO", "HESCOOKING", "HIM", "HOLY", "HOLYMOLY", "HOLYY",
		"HYPE", "HYPEE", "ITSOVER", "LAUGHING", "LETHIMCOOK", "LETSFUCKINGGO", "LETSGO", "LETSGOO", "LETSGOOO", "LETSGOOOO", "LFG",
		"LMAO", "LMAOO", "LMAOOO", "LMFAOOO", "LOCKEDIN", "LOLOLOL", "LOOKUP", "LOVEYOU", "MODS", "NAHH", "NAHHH", "NERD", "NOOOO", "NOPE", "OUCH", "PEAK",
		"PEAKED", "POPCORN", "RAVE", "RIOT", "SALUTE", "SHEEEESH", "SHESCOOKING", "SHRUG", "SIP", "SOB", "SOBBING", "STARE", "STOCKS", "SUBSCRIBE", "SUSSY",
		"THIS", "TOXIC", "TRUE", "TY", "UHH", "UHM", "VIBIN", "WAIT", "WAITING", "WASHED", "WAVE", "WELCOME", "WHAT", "WHATT", "WHAAT", "WW", "WWW", "WWWW",
		"WWWWW", "YAAAY", "YAAY", "YAP", "YAPP", "YAY", "YIPPEE":
		return true
	}
	return false
}
