package main

import (
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/capture/hook"
	"github.com/gofilter/gofilter/linktype"
)

// A tap is where a source's packets come from: a packet socket, or a hook.
type tap interface {
	Interface() string
	LinkType() linktype.Type
	Snaplen() int
	packets() (packets, error)
	Stats() (capture.Stats, error)
	Break()
	Close() error
}

// packets are what a tap hands over together.
type packets interface {
	Next(*capture.Packet) bool
	Release()
}

// A sayer tells, with -v, how the filter is attached.
type sayer interface {
	say(s *session, name string)
}

// socketTap is a packet socket.
type socketTap struct{ *capture.Handle }

func (t socketTap) packets() (packets, error) {
	b, err := t.NextBlock()
	if err != nil {
		return nil, err // a nil block is not nil packets
	}
	return b, nil
}

// hookTap is a hook.
type hookTap struct{ *hook.Handle }

func (t hookTap) packets() (packets, error) {
	b, err := t.NextBlock()
	if err != nil {
		return nil, err
	}
	return b, nil
}
