package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// A request asks for one filter to be compiled. Absent fields have the command
// line's defaults.
type request struct {
	ID            json.RawMessage `json:"id"` // any value; the reply has it too
	DLT           string          `json:"dlt"`
	Expr          string          `json:"expr"`
	Snaplen       uint32          `json:"snaplen"`
	Netmask       string          `json:"netmask"`
	LinuxExt      bool            `json:"linuxext"`
	SavefileOrder string          `json:"savefile_order"`
	Optimize      *bool           `json:"optimize"`
	Target        string          `json:"target"`
	Access        string          `json:"access"`
	Kernel        string          `json:"kernel"` // the oldest version that shall take the eBPF program
}

// A reply is a request's answer: a classic program, an eBPF program, or an error.
type reply struct {
	ID     json.RawMessage `json:"id,omitempty"`
	OK     bool            `json:"ok"`
	Insns  [][4]uint32     `json:"insns,omitempty"`
	EBPF   []byte          `json:"ebpf,omitempty"` // little-endian struct bpf_insn; JSON has it in base64
	Accept *uint32         `json:"accept,omitempty"`
	Reject *uint32         `json:"reject,omitempty"`
	Frags  bool            `json:"frags,omitempty"` // an XDP program takes frames in several pieces
	Error  string          `json:"error,omitempty"`
	Pos    *int            `json:"pos,omitempty"` // where in the expression, in bytes
	End    *int            `json:"end,omitempty"`
}

// batch answers requests, one a line, in whatever order they are done.
func (s *session) batch() error {
	lines := make(chan []byte)
	replies := make(chan *reply, 64)
	readErr := make(chan error, 1)
	go func() {
		readErr <- readLines(s.stdin, lines)
		close(lines)
	}()
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for line := range lines {
				replies <- s.answer(line)
			}
		})
	}
	go func() {
		workers.Wait()
		close(replies)
	}()
	out := bufio.NewWriterSize(s.stdout, 64<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	var failed error
	for r := range replies {
		if failed != nil {
			continue // the workers must come to their end
		}
		if failed = enc.Encode(r); failed != nil {
			continue
		}
		if len(replies) == 0 {
			// Whoever waits for this answer before asking again gets it.
			failed = out.Flush()
		}
	}
	if failed == nil {
		failed = out.Flush()
	}
	if failed != nil {
		return outputError(failed)
	}
	if err := <-readErr; err != nil {
		return fmt.Errorf("standard input: %w", cause(err))
	}
	return nil
}

// readLines sends the lines of in that are not empty; they may be of any length.
func readLines(in io.Reader, lines chan<- []byte) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for {
		line, err := r.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines <- line
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// answer compiles what one line asks for.
func (s *session) answer(line []byte) *reply {
	var req request
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	err := dec.Decode(&req)
	if err == nil && dec.More() {
		err = errors.New("more than one value on the line")
	}
	if err != nil {
		return &reply{ID: req.ID, Error: "request: " + err.Error()}
	}
	r := &reply{ID: req.ID}
	if err := s.fulfil(&req, r); err != nil {
		*r = reply{ID: req.ID, Error: err.Error()}
		r.place(err)
	}
	return r
}

// place sets where in the expression err is, if it is there.
func (r *reply) place(err error) {
	var first *expr.Error
	if errors.As(err, &first) {
		pos, end := int(first.Pos), int(first.End)
		r.Pos, r.End = &pos, &end
		r.Error = first.Error()
	}
}

// fulfil compiles the filter and puts the program into r.
func (s *session) fulfil(req *request, r *reply) error {
	cfg, err := req.config()
	if err != nil {
		return err
	}
	var target ebpfgen.Target
	if req.Target != "" {
		var ok bool
		if target, ok = ebpfgen.LookupTarget(req.Target); !ok {
			return fmt.Errorf("unknown target %q: want %s", req.Target, targetNames())
		}
		cfg.View = target.View()
	}
	f, err := gofilter.Compile(req.Expr, cfg)
	if err != nil {
		return err
	}
	if f.RejectsAll() && !cfg.Plain {
		return errRejectsAll
	}
	if req.Target != "" {
		return req.ebpf(f, target, r)
	}
	prog, err := cbpfgen.Generate(f.IR(), cbpfgen.Options{Kernel: cfg.View == ir.ViewSocket})
	if err != nil {
		return err
	}
	for _, ins := range prog {
		r.Insns = append(r.Insns, [4]uint32{uint32(ins.Op), uint32(ins.Jt), uint32(ins.Jf), ins.K})
	}
	r.OK = true
	return nil
}

// config returns what a request's filter is compiled for.
func (req *request) config() (gofilter.Config, error) {
	cfg := gofilter.Config{LinkType: linktype.Ethernet, Snaplen: req.Snaplen, Resolver: gofilter.SystemResolver()}
	cfg.Plain = req.Optimize != nil && !*req.Optimize
	var err error
	if req.DLT != "" {
		if cfg.LinkType, err = linktype.Lookup(req.DLT); err != nil {
			return cfg, err
		}
	}
	if req.Netmask != "" {
		if cfg.Netmask, err = parseNetmask(req.Netmask); err != nil {
			return cfg, err
		}
	}
	if req.LinuxExt {
		cfg.View = ir.ViewSocket
	}
	switch req.SavefileOrder {
	case "":
	case "native", "swapped":
		if req.LinuxExt {
			return cfg, errors.New("linuxext is for a live capture and savefile_order for a file")
		}
		cfg.ByteOrder = fileOrder(req.SavefileOrder == "swapped")
	default:
		return cfg, fmt.Errorf("unknown savefile_order %q: want native or swapped", req.SavefileOrder)
	}
	return cfg, nil
}

// ebpf generates an eBPF program.
func (req *request) ebpf(f *gofilter.Filter, target ebpfgen.Target, r *reply) error {
	o := ebpfgen.Options{ByteOrder: binary.LittleEndian}
	if req.Access != "" {
		var ok bool
		if o.Access, ok = ebpfgen.LookupAccess(req.Access); !ok {
			return fmt.Errorf("unknown access %q", req.Access)
		}
		var err error
		if o.Kernel, err = kernelOf(o.Access); err != nil {
			return err
		}
	}
	if req.Kernel != "" {
		var err error
		if o.Version, err = ebpfgen.ParseVersion(req.Kernel); err != nil {
			return err
		}
	}
	insns, err := ebpfgen.Generate(f.IR(), target, o)
	if err != nil {
		return err
	}
	var code bytes.Buffer
	if err := insns.Marshal(&code, binary.LittleEndian); err != nil {
		return err
	}
	v := target.Verdict(f.IR().Snaplen, o)
	r.EBPF, r.Accept, r.Reject, r.OK = code.Bytes(), &v.Accept, &v.Reject, true
	r.Frags = target == ebpfgen.XDPFrags
	return nil
}
