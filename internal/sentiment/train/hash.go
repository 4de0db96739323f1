package train

import "chatmood/internal/sentiment"

// TextHash names a text without telling it: see [sentiment.TextHash].
func TextHash(text string) uint64 { return sentiment.TextHash(text) }
