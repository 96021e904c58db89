package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofilter/gofilter/count"
)

// statTable prints each sample over the one before it.
type statTable struct {
	out     *os.File
	several bool
	size    func() (columns, rows int) // of the terminal; 0: unknown
	shown   int                        // lines that the cursor is below
}

func (w *statTable) sample(s statSample) error {
	return w.show(append(rateTable(s, w.several), sizeTable(s, w.several)...))
}

// final shows all lines, also those that there is no room for.
func (w *statTable) final(s statSample, seconds float64) error {
	text := w.over() + joinLines(finalTable(s, seconds, w.several))
	_, err := w.out.WriteString(text)
	return outputError(err)
}

// over returns what brings the cursor to the first line shown, and takes all of them away
// (ECMA-48: cursor preceding line, erase in page).
func (w *statTable) over() string {
	if w.shown == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dF\x1b[J", w.shown)
}

// show prints lines in place of those shown. They are cut to what fits: a line that goes on in
// the next one, or one that scrolls away, could not be overwritten.
func (w *statTable) show(lines []string) error {
	columns, rows := w.size()
	lines = fit(lines, columns, rows)
	_, err := w.out.WriteString(w.over() + joinLines(lines))
	w.shown = len(lines)
	return outputError(err)
}

// fit cuts lines to a terminal; the cursor needs the last line of it.
func fit(lines []string, columns, rows int) []string {
	if rows > 1 && len(lines) > rows-1 {
		lines = lines[:rows-1]
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l
		if columns > 0 {
			out[i] = short(l, columns)
		}
	}
	return out
}

// short cuts s to n characters, the last of which says so.
func short(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

func joinLines(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// longestLabel is how much of a row's name a table shows, in characters.
const longestLabel = 32

// A grid is a table of texts; its first column is aligned to the left, the others to the
// right.
type grid [][]string

// lines returns the rows with their columns two spaces apart.
func (g grid) lines() []string {
	var widths []int
	for _, row := range g {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	lines := make([]string, len(g))
	for n, row := range g {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// rateTable returns the rates of an interval and the totals.
func rateTable(s statSample, several bool) []string {
	g := grid{{"filter", "packets/s", "bit/s", "packets", "bytes"}}
	for i := range s.rows {
		r := &s.rows[i]
		g = append(g, []string{short(r.label(several), longestLabel), scaled(per(r.delta.Packets, s.seconds)), scaled(8 * per(r.delta.Bytes, s.seconds)),
			strconv.FormatUint(r.total.Packets, 10), strconv.FormatUint(r.total.Bytes, 10)})
	}
	return g.lines()
}

// finalTable returns the totals, the rates of the whole time, and the sizes.
func finalTable(s statSample, seconds float64, several bool) []string {
	all := s
	all.seconds = seconds
	all.rows = make([]statRow, len(s.rows))
	for i, r := range s.rows {
		r.delta = r.total
		all.rows[i] = r
	}
	return append(append(rateTable(all, several), sizeTable(all, several)...), fmt.Sprintf("%.3f seconds", seconds))
}

// sizeTable returns the histogram of the sizes since the start: a column for each row that has
// packets, from the least range that has some to the greatest.
func sizeTable(s statSample, several bool) []string {
	least, greatest := count.NumSizes, -1
	head := []string{"bytes"}
	var shown []*statRow
	for i := range s.rows {
		r := &s.rows[i]
		if r.total.Packets == 0 {
			continue
		}
		shown = append(shown, r)
		head = append(head, short(r.label(several), longestLabel))
		for n, packets := range r.total.Sizes {
			if packets > 0 {
				least, greatest = min(least, n), max(greatest, n)
			}
		}
	}
	if len(shown) == 0 {
		return nil
	}
	g := grid{head}
	for n := least; n <= greatest; n++ {
		row := []string{rangeText(n)}
		for _, r := range shown {
			row = append(row, bar(r.total.Sizes[n], r.total.Packets))
		}
		g = append(g, row)
	}
	return append([]string{""}, g.lines()...)
}

func rangeText(n int) string {
	first, last := count.SizeRange(n)
	if last == 0 {
		return fmt.Sprintf("%d-", first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// barLength is the length of the bar of all packets, in characters.
const barLength = 10

// bar shows n of all as a share and a bar, all of them of one length.
func bar(n, all uint64) string {
	if n == 0 {
		return strings.Repeat(" ", barLength+7)
	}
	share := float64(n) / float64(all)
	text := fmt.Sprintf("%.1f%%", 100*share)
	full := strings.Repeat("#", int(share*barLength+0.5))
	if full == "" {
		full = "."
	}
	return fmt.Sprintf("%-*s%7s", barLength, full, text)
}

// units are the prefixes of powers of 1000.
const units = " kMGTPE"

// scaled returns a number of three digits or four and the prefix of a unit.
func scaled(x float64) string {
	i := 0
	for x >= 999.5 && i < len(units)-1 {
		x /= 1000
		i++
	}
	digits := 0
	switch {
	case x < 9.995:
		digits = 2
	case x < 99.95:
		digits = 1
	}
	if i == 0 && x == float64(int(x)) {
		digits = 0
	}
	return strings.TrimRight(strconv.FormatFloat(x, 'f', digits, 64)+" "+units[i:i+1], " ")
}
