package sentiment

// Subwords appends the hashes of the letter groups of a word: its three, four
// and five letter groups with the word's borders. Words that the model does
// not know are judged by them.
func Subwords(dst []uint32, word string) []uint32 {
	var b [maxWordBytes + 2]byte
	b[0] = '<'
	n := 1
	var last byte
	run := 0
	for i := 0; i < len(word) && n <= maxWordBytes; i++ {
		c := word[i]
		if charClass[c] == charUpper {
			c |= 0x20
		}
		if c == last {
			run++
		} else {
			last, run = c, 1
		}
		if run > 2 {
			continue
		}
		b[n] = c
		n++
	}
	b[n] = '>'
	n++
	for i := 0; i+3 <= n; i++ {
		h := (uint32(b[i])<<16 | uint32(b[i+1])<<8 | uint32(b[i+2])) * 0x9E3779B1
		dst = append(dst, h^h>>15)
		if i+4 <= n {
			h4 := (h ^ uint32(b[i+3])) * 0x85EBCA77
			dst = append(dst, h4^h4>>15)
			if i+5 <= n {
				h5 := (h4 ^ uint32(b[i+4])) * 0xC2B2AE3D
				dst = append(dst, h5^h5>>15)
			}
		}
	}
	return dst
}
