package expr

// isMAC reports whether word is a MAC-48 address without colons: six groups of one or two
// hex digits with dashes or dots between them, three groups of four with dots, or twelve
// digits.
func isMAC(word string) bool {
	switch {
	case len(word) < 11 || len(word) > 17:
		return false
	case len(word) == 12 && matchHex(word, 0, 12) == 12:
		return true
	case len(word) == 14 && matchHex(word, 0, 4) == 4 && word[4] == '.' &&
		matchHex(word, 5, 4) == 9 && word[9] == '.' && matchHex(word, 10, 4) == 14:
		return true
	}
	return matchGroups(word, 0, '-') == len(word) || matchGroups(word, 0, '.') == len(word)
}

// matchMAC returns the end of the MAC-48 address with colons at src[i:], 0 if there is none.
func matchMAC(src string, i int) int { return matchGroups(src, i, ':') }

// matchGroups returns the end of six groups of one or two hex digits at src[i:] with sep
// between them, 0 if they are not there.
func matchGroups(src string, i int, sep byte) int {
	for group := range 6 {
		if group > 0 {
			if i >= len(src) || src[i] != sep {
				return 0
			}
			i++
		}
		end := matchHex(src, i, 2)
		if end == i {
			return 0
		}
		i = end
	}
	return i
}

// matchBadMAC returns the end of at least two groups of one or two hex digits at src[i:],
// each with one or more colons behind it, 0 if they are not there. As the longest match it
// is an address gone wrong.
func matchBadMAC(src string, i int) int {
	best := 0
	for group := 1; ; group++ {
		end := matchHex(src, i, 2)
		if end == i || end >= len(src) || src[end] != ':' {
			return best
		}
		for end < len(src) && src[end] == ':' {
			end++
		}
		i = end
		if group >= 2 {
			best = end
		}
	}
}

// matchAddr6 returns the end of the longest text at src[i:] that has the form of an IPv6
// address (RFC 4291 section 2.2), 0 if there is none: eight groups, or fewer and one
// "::"; the last two groups may be four dotted numbers. The numbers are not checked.
func matchAddr6(src string, i int) int {
	best, groups, gap := 0, 0, false
	if i+1 < len(src) && src[i] == ':' && src[i+1] == ':' {
		gap = true
		i += 2
		best = i
	}
	for {
		if gap && groups <= 5 || !gap && groups == 6 {
			best = max(best, matchDotted4(src, i))
		}
		end := matchHex(src, i, 4)
		if end == i {
			return best
		}
		groups++
		if gap && groups <= 7 || !gap && groups == 8 {
			best = max(best, end)
		}
		if groups >= 8 || gap && groups >= 7 || end >= len(src) || src[end] != ':' {
			return best
		}
		i = end + 1
		if i < len(src) && src[i] == ':' {
			if gap {
				return best
			}
			gap = true
			i++
			best = max(best, i)
		}
	}
}

// matchDotted4 returns the end of four numbers with dots between them at src[i:], 0 if
// they are not there.
func matchDotted4(src string, i int) int {
	for part := range 4 {
		if part > 0 {
			if i >= len(src) || src[i] != '.' {
				return 0
			}
			i++
		}
		end := matchNumber(src, i)
		if end == i {
			return 0
		}
		i = end
	}
	return i
}

// isDotted reports whether word is two to four numbers with dots between them.
func isDotted(word string) bool {
	i := 0
	for part := 1; part <= 4; part++ {
		end := matchNumber(word, i)
		if end == i {
			return false
		}
		if end == len(word) {
			return part >= 2
		}
		if word[end] != '.' {
			return false
		}
		i = end + 1
	}
	return false
}
