package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/ir"
	"github.com/gofilter/gofilter/linktype"
)

// maxExpression bounds the size of a file with an expression, in bytes.
const maxExpression = 16 << 20

// errRejectsAll is the answer to a filter that no packet can pass.
var errRejectsAll = errors.New("expression rejects all packets")

// expression returns the text of the filter: the file's if one is named, else the
// command line's words.
func (s *session) expression() (string, error) {
	if s.opt.exprFile == "" {
		return strings.Join(s.opt.words, " "), nil
	}
	in, name := s.stdin, "standard input"
	if s.opt.exprFile != "-" {
		name = s.opt.exprFile
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, cause(err))
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxExpression+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, cause(err))
	}
	if len(text) > maxExpression {
		return "", fmt.Errorf("%s: expression is longer than %d bytes", name, maxExpression)
	}
	if cbpfgen.IsSavefile(text) {
		return "", fmt.Errorf("%s: holds a program and no expression: --program %s", name, s.opt.exprFile)
	}
	blankComments(text)
	return string(text), nil
}

// takesAll reports whether there is no filter, so that every packet is wanted,
// of whatever link type.
func (s *session) takesAll() bool { return s.finished == nil && strings.TrimSpace(s.source) == "" }

// blankComments overwrites everything from a # to the end of its line with spaces,
// so that places in the text stay what they are.
func blankComments(text []byte) {
	inside := false
	for i, c := range text {
		switch {
		case c == '\n':
			inside = false
		case c == '#':
			inside = true
		}
		if inside {
			text[i] = ' '
		}
	}
}

// config returns what a filter is compiled for, as far as the options say it.
func (s *session) config(link linktype.Type, view ir.View) gofilter.Config {
	return gofilter.Config{
		LinkType: link,
		Snaplen:  s.opt.snaplen,
		Netmask:  s.opt.netmask,
		View:     view,
		Resolver: gofilter.SystemResolver(),
		Plain:    s.opt.noOptimize,
	}
}

// compile compiles the session's expression. A filter that rejects all packets is
// an error unless the passes that find it were left out.
func (s *session) compile(cfg gofilter.Config) (*gofilter.Filter, error) {
	f, err := gofilter.Compile(s.source, cfg)
	if err != nil {
		return nil, &expressionError{s.source, err}
	}
	if f.RejectsAll() && !s.opt.noOptimize {
		return nil, errRejectsAll
	}
	s.warn(f)
	return f, nil
}

// warn says once, with -v, what is often misread in the expression.
func (s *session) warn(f *gofilter.Filter) {
	if s.opt.verbose == 0 || s.opt.noWarnings || s.warned {
		return
	}
	s.warned = true
	for _, w := range f.Warnings() {
		expr.PrintError(s.stderr, s.source, &expr.Error{Span: w.Span, Msg: "warning: " + w.Msg})
	}
}
