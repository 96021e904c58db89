// Package linktype names the link types: what a captured packet's first byte
// is the start of.
//
// It holds numbers, names and nothing else; which headers follow is no concern
// of this package.
package linktype

import (
	"fmt"
	"strconv"
	"strings"
)

// Type is a link type, by its LINKTYPE_ number: the one that savefiles hold and
// that is the same on every system. A DLT_ number is what an operating system
// says instead; see [FromDLT].
type Type uint16

// byType and byName index rows. They are computed from it once and never change.
var (
	byType = indexTypes()
	byName = indexNames()
)

func indexTypes() map[Type]*row {
	m := make(map[Type]*row, len(rows))
	for i := range rows {
		m[rows[i].typ] = &rows[i]
	}
	return m
}

func indexNames() map[string]Type {
	m := make(map[string]Type, 2*len(rows))
	for i := range rows {
		m[rows[i].name] = rows[i].typ
		for _, a := range rows[i].aliases {
			m[a] = rows[i].typ
		}
	}
	return m
}

// Known reports whether t is a number that has been given to a link type.
func (t Type) Known() bool { return byType[t] != nil }

// String returns the name of t's DLT_ constant without the prefix: "EN10MB".
// For an unknown number it is "LINKTYPE_4711".
func (t Type) String() string {
	if r := byType[t]; r != nil {
		return r.name
	}
	return "LINKTYPE_" + strconv.Itoa(int(t))
}

// Description returns what t is in words, as tcpdump -L prints it: "Ethernet".
// It is empty where libpcap has no words for t.
func (t Type) Description() string {
	if r := byType[t]; r != nil {
		return r.desc
	}
	return ""
}

// DLT returns the number of t's DLT_ constant on Linux. It differs from t's own
// for the few types whose DLT_ number is not the same on every system.
func (t Type) DLT() int {
	if r := byType[t]; r != nil && r.dlt != 0 {
		return r.dlt
	}
	return int(t)
}

// FromDLT returns the link type that has the DLT_ number dlt on Linux. ok is
// false where no known one has it.
func FromDLT(dlt int) (t Type, ok bool) {
	for i := range rows {
		if rows[i].dlt == dlt && dlt != 0 {
			return rows[i].typ, true
		}
	}
	if dlt < 0 || dlt > 0xffff {
		return 0, false
	}
	t = Type(dlt)
	r := byType[t]
	return t, r != nil && r.dlt == 0
}

// FromSavefile returns the link type of a savefile whose header holds the number
// n. That is n itself, except that some programs write a DLT_ number of Linux
// (12 for raw IP), which is taken for what it means. A number that is not known
// is returned as it is; see [Type.Known].
func FromSavefile(n uint16) Type {
	if t := Type(n); t.Known() {
		return t
	}
	if t, ok := FromDLT(int(n)); ok {
		return t
	}
	return Type(n)
}

// Lookup returns the link type that s names: the name of a DLT_ or LINKTYPE_
// constant with or without that prefix, in any case ("EN10MB", "ethernet",
// "dlt_raw"), or a LINKTYPE_ number in decimal, which must be a known one.
func Lookup(s string) (Type, error) {
	name := strings.ToUpper(s)
	if n, err := strconv.ParseUint(name, 10, 16); err == nil {
		if t := Type(n); t.Known() {
			return t, nil
		}
		return 0, fmt.Errorf("unknown link type %s", s)
	}
	if t, ok := byName[name]; ok {
		return t, nil
	}
	for _, prefix := range []string{"DLT_", "LINKTYPE_"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			if t, ok := byName[rest]; ok {
				return t, nil
			}
		}
	}
	return 0, fmt.Errorf("unknown link type %q", s)
}

// All returns every known link type in the order of the numbers.
func All() []Type {
	all := make([]Type, len(rows))
	for i := range rows {
		all[i] = rows[i].typ
	}
	return all
}
