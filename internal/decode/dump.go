package decode

// Dump is the form in which a packet's bytes follow its line.
type Dump uint8

// The forms.
const (
	DumpNone  Dump = iota
	DumpHex        // -x
	DumpBoth       // -X: hexadecimal and ASCII
	DumpASCII      // -A
)

// bytesPerLine is how many bytes a line of a hexadecimal dump shows.
const bytesPerLine = 16

// dump prints b in the form asked for.
func (d *Decoder) dump(b []byte) {
	switch d.opt.Dump {
	case DumpHex:
		d.hex(b, "\n\t", false)
	case DumpBoth:
		d.hex(b, "\n\t", true)
	case DumpASCII:
		d.ascii(b)
	}
}

// hex prints b in lines that begin with indent.
func (d *Decoder) hex(b []byte, indent string, ascii bool) {
	const digits = "0123456789abcdef"
	for at := 0; at < len(b); at += bytesPerLine {
		line := b[at:min(at+bytesPerLine, len(b))]
		d.printf("%s0x%04x: ", indent, at)
		width := 0
		for i, c := range line {
			if i%2 == 0 {
				d.out = append(d.out, ' ')
				width++
			}
			d.out = append(d.out, digits[c>>4], digits[c&15])
			width += 2
		}
		if !ascii {
			continue
		}
		for ; width < bytesPerLine/2*5+2; width++ {
			d.out = append(d.out, ' ')
		}
		for _, c := range line {
			if c <= ' ' || c > '~' {
				c = '.'
			}
			d.out = append(d.out, c)
		}
	}
}

// ascii prints b as text: what is not printable as a dot, and a carriage return
// before a newline not at all.
func (d *Decoder) ascii(b []byte) {
	d.out = append(d.out, '\n')
	for i, c := range b {
		switch {
		case c == '\r' && i+1 < len(b) && b[i+1] == '\n', c == '\r' && i+1 == len(b):
		case c == '\t', c == '\n', c >= ' ' && c <= '~':
			d.out = append(d.out, c)
		default:
			d.out = append(d.out, '.')
		}
	}
}
