package corpus

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Verdicts are the packets of each capture that a filter accepts: by the filter's text, then by
// the name of the capture, the numbers of the packets, from 1.
type Verdicts map[string]map[string][]int

// ReadVerdicts reads a file in the form of WriteVerdicts.
func ReadVerdicts(path string) (Verdicts, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v := Verdicts{}
	var current map[string][]int
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		line := s.Text()
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "filter\t"):
			current = map[string][]int{}
			v[strings.TrimPrefix(line, "filter\t")] = current
		case strings.HasPrefix(line, "\t") && current != nil:
			name, list, _ := strings.Cut(line[1:], ": ")
			numbers, err := parseRanges(list)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, n, err)
			}
			current[name] = numbers
		default:
			return nil, fmt.Errorf("%s:%d: %q", path, n, line)
		}
	}
	return v, s.Err()
}

// FormatRanges writes ascending numbers as "1-3 7".
func FormatRanges(numbers []int) string {
	var b strings.Builder
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(numbers[i]))
		if j > i {
			b.WriteString("-" + strconv.Itoa(numbers[j]))
		}
		i = j + 1
	}
	return b.String()
}

func parseRanges(s string) ([]int, error) {
	var numbers []int
	for part := range strings.FieldsSeq(s) {
		lo, hi, ok := strings.Cut(part, "-")
		if !ok {
			hi = lo
		}
		a, err := strconv.Atoi(lo)
		if err != nil {
			return nil, err
		}
		b, err := strconv.Atoi(hi)
		if err != nil {
			return nil, err
		}
		for ; a <= b; a++ {
			numbers = append(numbers, a)
		}
	}
	return numbers, nil
}
