package savefile

// Options of an interface description block that matter here,
// draft-ietf-opsawg-pcapng sections 3.5 and 4.2.
const (
	optEnd       = 0
	optIfName    = 2
	optIfTsresol = 9
	optIfTsoff   = 14
)

// interfaceOptions reads an interface's options into i.
func (f *Reader) interfaceOptions(i *Interface, b []byte) error {
	seen := make(map[uint16]bool)
	for len(b) > 0 {
		if len(b) < 4 {
			return f.fail("interface description block has a cut option")
		}
		code, n := f.order.Uint16(b), int(f.order.Uint16(b[2:]))
		padded := (n + 3) &^ 3
		if b = b[4:]; len(b) < padded {
			return f.fail("interface description block has an option of %d bytes where %d are left", n, len(b))
		}
		value := b[:n]
		b = b[padded:]
		switch code {
		case optEnd:
			if n != 0 {
				return f.fail("interface description block has an end-of-options option with length %d", n)
			}
			return nil
		case optIfTsresol, optIfTsoff:
			if seen[code] {
				return f.fail("interface description block has option %d more than once", code)
			}
			seen[code] = true
			if err := f.timeOption(i, code, value); err != nil {
				return err
			}
		case optIfName:
			i.Name = string(value)
		case optIfFilter:
			if n > 0 && value[0] == filterString {
				i.Filter = string(value[1:])
			}
		}
	}
	return nil
}

// timeOption reads one of the two options that say what a time stamp means.
func (f *Reader) timeOption(i *Interface, code uint16, value []byte) error {
	if code == optIfTsoff {
		if len(value) != 8 {
			return f.fail("interface description block has an if_tsoffset of %d bytes instead of 8", len(value))
		}
		i.tsoffset = int64(f.order.Uint64(value))
		return nil
	}
	if len(value) != 1 {
		return f.fail("interface description block has an if_tsresol of %d bytes instead of 1", len(value))
	}
	if power := value[0] & 0x7f; value[0]&0x80 != 0 {
		if power > 63 {
			return f.fail("if_tsresol 2^-%d is finer than 64 bits can count", power)
		}
		i.units = 1 << power
	} else {
		if power > 19 {
			return f.fail("if_tsresol 10^-%d is finer than 64 bits can count", power)
		}
		i.units = 1
		for range power {
			i.units *= 10
		}
	}
	return nil
}
