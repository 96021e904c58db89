package decode

import "time"

// Stamp is the form of a packet's time.
type Stamp uint8

// The forms, by the option of tcpdump's that asks for them.
const (
	StampClock Stamp = iota // 15:04:05.000000
	StampNone               // -t
	StampUnix               // -tt: seconds since 1970-01-01 UTC
	StampDelta              // -ttt: since the packet before
	StampDate               // -tttt: 2006-01-02 15:04:05.000000
	StampFirst              // -ttttt: since the first packet
)

// A clock remembers the times that others are given relative to.
type clock struct {
	seen        bool
	first, last moment
}

type moment struct {
	sec  int64
	nsec int64
}

// stamp prints p's time.
func (d *Decoder) stamp(p *Packet) {
	now := moment{p.Sec, int64(p.Nsec)}
	if !d.clock.seen {
		d.clock = clock{true, now, now}
	}
	switch d.opt.Stamp {
	case StampNone:
		return
	case StampUnix:
		d.printf("%d", p.Sec)
		d.fraction(now.nsec)
	case StampClock, StampDate:
		t := time.Unix(p.Sec, now.nsec).In(d.opt.Zone)
		if d.opt.Stamp == StampDate {
			d.out = t.AppendFormat(d.out, "2006-01-02 ")
		}
		hour, minute, sec := t.Clock()
		d.hms(int64(hour), int64(minute), int64(sec))
		d.fraction(now.nsec)
	case StampDelta:
		d.since(d.clock.last, now)
	case StampFirst:
		d.since(d.clock.first, now)
	}
	d.clock.last = now
	d.text(" ")
}

// since prints the time from one moment to another.
func (d *Decoder) since(from, to moment) {
	if to.sec < from.sec || (to.sec == from.sec && to.nsec < from.nsec) {
		d.text("-")
		from, to = to, from
	} else {
		d.text(" ")
	}
	sec, nsec := to.sec-from.sec, to.nsec-from.nsec
	if nsec < 0 {
		sec, nsec = sec-1, nsec+1e9
	}
	d.hms(sec/3600, sec/60%60, sec%60)
	d.fraction(nsec)
}

func (d *Decoder) hms(hour, minute, sec int64) {
	d.digits(hour, 2)
	d.text(":")
	d.digits(minute, 2)
	d.text(":")
	d.digits(sec, 2)
}

// fraction prints a part of a second.
func (d *Decoder) fraction(nsec int64) {
	d.text(".")
	if d.opt.Nano {
		d.digits(nsec, 9)
	} else {
		d.digits(nsec/1000, 6)
	}
}

// digits prints n with at least width digits.
func (d *Decoder) digits(n int64, width int) {
	var b [20]byte
	i := len(b)
	for n > 0 || i > len(b)-width {
		i--
		b[i] = byte('0' + n%10)
		n /= 10
	}
	d.out = append(d.out, b[i:]...)
}
