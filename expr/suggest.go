package expr

import "strings"

// kinds is a set of token kinds.
type kinds uint64

func kindSet(list ...tokenKind) kinds {
	var set kinds
	for _, k := range list {
		set |= 1 << k
	}
	return set
}

func (set kinds) has(k tokenKind) bool { return set&(1<<k) != 0 }

// suggest returns the keyword of one of the kinds that word was probably meant to be,
// empty if none comes close. Of equally close ones it prefers that of the same length,
// then that with the same first letter, then the first row.
func suggest(word string, set kinds) string {
	if len(word) < 2 || len(word) > 40 {
		return ""
	}
	lower := strings.ToLower(word)
	most := 1
	if len(word) > 4 {
		most = 2
	}
	best, bestScore := "", int(^uint(0)>>1)
	for i := range keywords {
		row := &keywords[i]
		if !set.has(row.kind) {
			continue
		}
		d := distance(lower, row.word, most)
		if d > most || d > 0 && (len(row.word) < 3 && row.kind != tokOr || len(word) < 3 && row.kind != tokAnd && row.kind != tokNot) {
			continue
		}
		score := d * 4
		if len(word) != len(row.word) {
			score += 2
		}
		if lower[0] != row.word[0] {
			score++
		}
		if score < bestScore {
			best, bestScore = row.word, score
		}
	}
	return best
}

// distance returns how many letters must be put in, taken out, changed or exchanged with
// their neighbour to make a into b, or most+1 if that is more than most.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most || len(a) > 40 || len(b) > 40 {
		return most + 1
	}
	var rows [3][41]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], most+1)
}
