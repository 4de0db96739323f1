package sentiment

// IsEmote reports whether a word is the name of an emote that the built-in
// lexicon knows: Twitch's global ones and those of the extensions that many
// channels use. Case counts, as it does for the extensions: "Kappa" is one and
// "kappa" is not. A few names are none because they are far more often ordinary
// words ("Boring" at the beginning of a sentence, "hello"). It does not
// allocate and is safe for concurrent use.
func (e *Engine) IsEmote(word string) bool {
	i := e.lex.exact.get(hashString(word))
	return i >= 0 && e.lex.entries[i].class&classEmote != 0 && !isEnglish(word)
}

// isEnglish reports those names of emotes that people write as words.
func isEnglish(name string) bool {
	switch name {
	case "Boring", "Chatting", "Chopped", "Cinema", "Classic", "Clown", "Clowned", "Clowning", "Comfy", "Concerned",
		"Cooked", "Cooking", "Cozy", "Cringe", "Cute", "Despair", "Disgust", "Ditching", "Drinking", "Fraud", "Fumbled",
		"Goated", "Ignored", "Laughing", "Life", "Listening", "Loading", "Looking", "Lounging", "Pain", "Popcorn",
		"Rave", "Salute", "Saluting", "Scared", "Shrug", "Smug", "Tasty", "Thinking", "Toxic", "Trash", "Waiting",
		"Washed", "Wave", "Welcome", "Wholesome", "Yapping",
		"Aww", "Awww", "Bruh", "Erm", "Hmm", "Nope", "Sheesh", "Ummm", "Yay", "Yikes",
		"chad", "clapping", "hello", "hiii", "hiiii", "letsgo", "muah", "ohno", "ouch", "puke", "sheesh", "silly", "sobbing",
		"uhh", "uhm", "umm", "vibin", "waitt", "wtfwtfwtf", "yapping", "yay", "yippee":
		return true
	}
	return false
}
