package expr

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	sourceIndent = 4  // columns before a printed source line
	sourceWidth  = 76 // columns of a source line that are printed at most
	tabWidth     = 8
)

// PrintError writes err for a person: each error with its position, followed by the line
// of src that it is in, and a line that marks the place.
//
//	1:9: unknown protocol "tpc" (did you mean tcp?)
//	    ip and (tpc dst port 80)
//	            ^~~
//
// An error without a place is written as it is. Text around the errors in err, from
// wrapping, is left out.
func PrintError(w io.Writer, src string, err error) error {
	var b strings.Builder
	list := listOf(err)
	if list == nil && err != nil {
		b.WriteString(err.Error())
		b.WriteByte('\n')
	}
	for _, e := range list {
		line, col := position(src, e.Pos)
		b.WriteString(strconv.Itoa(line) + ":" + strconv.Itoa(col) + ": " + e.text() + "\n")
		excerpt(&b, src, e.Span)
	}
	_, werr := io.WriteString(w, b.String())
	return werr
}

// position returns the line and the column of pos in src, both from 1. Columns are
// characters; a byte that is not UTF-8 is one.
func position(src string, pos Pos) (line, col int) {
	before := src[:clip(src, pos)]
	line = 1 + strings.Count(before, "\n")
	start := strings.LastIndexByte(before, '\n') + 1
	return line, 1 + utf8.RuneCountInString(before[start:])
}

func clip(src string, pos Pos) int { return min(max(int(pos), 0), len(src)) }

// A cell is what is printed for one character of the source.
type cell struct {
	text  string
	width int  // columns
	mark  bool // the character is in the span
}

// excerpt writes the source line that at begins in and a line of marks under it.
// A long line is cut around the marks.
func excerpt(b *strings.Builder, src string, at Span) {
	pos, end := clip(src, at.Pos), clip(src, at.End)
	start := strings.LastIndexByte(src[:pos], '\n') + 1
	stop := len(src)
	if n := strings.IndexByte(src[pos:], '\n'); n >= 0 {
		stop = pos + n
	}
	if stop > max(start, pos) && src[stop-1] == '\r' {
		stop--
	}
	// Of a very long line only the neighbourhood matters.
	const reach = 4 * sourceWidth
	from, to := start, stop
	if pos-from > reach {
		from = pos - reach
		for from < pos && !utf8.RuneStart(src[from]) {
			from++
		}
	}
	if to-pos > reach {
		to = pos + reach
	}
	cells, first := cellsOf(src[from:to], pos-from, end-from)
	cells, cutLeft, cutRight := window(cells, first)
	b.WriteString(strings.Repeat(" ", sourceIndent))
	marks := strings.Repeat(" ", sourceIndent)
	if cutLeft || from > start {
		b.WriteString("...")
		marks += "   "
	}
	sign := byte('^')
	for _, c := range cells {
		b.WriteString(c.text)
		for range c.width {
			if !c.mark {
				marks += " "
				continue
			}
			marks += string(sign)
			sign = '~'
		}
	}
	if cutRight || to < stop {
		b.WriteString("...")
	}
	b.WriteByte('\n')
	b.WriteString(strings.TrimRight(marks, " "))
	b.WriteByte('\n')
}

// cellsOf divides text, a line or a part of one, into cells and marks those that begin in
// [pos, end), or one at pos if that is empty. It returns the index of the first marked
// cell; a blank cell is added for a mark behind the text.
func cellsOf(text string, pos, end int) (cells []cell, first int) {
	end = max(end, pos+1)
	first = -1
	col := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		c := cell{text: text[i : i+size], width: width(r)}
		switch {
		case r == '\t':
			c.width = tabWidth - col%tabWidth
			c.text = strings.Repeat(" ", c.width)
		case c.width < 0:
			c = cell{text: string(utf8.RuneError), width: 1}
		}
		c.mark = pos <= i && i < end
		if c.mark && first < 0 {
			first = len(cells)
		}
		if r == '\t' && c.mark {
			// A tab is marked by its first column, whatever its width.
			cells = append(cells, cell{text: " ", width: 1, mark: true})
			c = cell{text: c.text[1:], width: c.width - 1}
			col++
		}
		cells = append(cells, c)
		col += c.width
		i += size
	}
	if first < 0 {
		first = len(cells)
		cells = append(cells, cell{text: " ", width: 1, mark: true})
	}
	if last := &cells[len(cells)-1]; last.mark && last.text == " " && pos >= len(text) {
		last.text = ""
	}
	return cells, first
}

// window returns the part of cells to be printed, at most sourceWidth columns that have
// the first marked cell in them, and whether something was cut off at either side.
func window(cells []cell, first int) (part []cell, left, right bool) {
	total := 0
	for _, c := range cells {
		total += c.width
	}
	if total <= sourceWidth {
		return cells, false, false
	}
	// A third of the window is in front of the mark, the rest behind it.
	from, cols := first, 0
	for from > 0 && cols+cells[from-1].width <= sourceWidth/3 {
		from--
		cols += cells[from].width
	}
	to := first
	for to < len(cells) && cols+cells[to].width <= sourceWidth {
		cols += cells[to].width
		to++
	}
	for from > 0 && cols+cells[from-1].width <= sourceWidth {
		from--
		cols += cells[from].width
	}
	return cells[from:to], from > 0, to < len(cells)
}

// width returns the columns that a terminal gives r, -1 if r should not be written to one.
func width(r rune) int {
	switch {
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs):
		return -1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// wide are the blocks of characters that take two columns (Unicode Standard Annex 11).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, // Hangul Jamo
		{Lo: 0x2e80, Hi: 0x303e, Stride: 1}, // CJK radicals to symbols
		{Lo: 0x3041, Hi: 0x33ff, Stride: 1}, // kana to CJK compatibility
		{Lo: 0x3400, Hi: 0x4dbf, Stride: 1}, // CJK extension A
		{Lo: 0x4e00, Hi: 0x9fff, Stride: 1}, // CJK
		{Lo: 0xa000, Hi: 0xa4cf, Stride: 1}, // Yi
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, // Hangul
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1}, // CJK compatibility
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, // CJK compatibility forms
		{Lo: 0xff00, Hi: 0xff60, Stride: 1}, // full width forms
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1}, // full width signs
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, // pictographs
		{Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1}, // pictographs
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1}, // CJK extensions
	},
}
