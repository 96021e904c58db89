package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/capture/hook"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/linktype"
)

// options are the command line.
type options struct {
	words []string // of the expression

	// What packets come from and go to.
	ifaces     []string
	read       string
	write      string
	pcapng     bool   // write pcapng, whatever the file is called
	count      uint64 // packets after which to stop; 0: none
	snaplen    uint32 // 0: the default, or the file's
	direction  string
	bufferKiB  uint32
	workers    int    // rings for each interface
	stampType  string // of time stamps; empty: the host's
	immediate  bool
	noPromisc  bool
	perPacket  bool // flush what is written after each packet
	rotation   rotation
	fsync      durability
	dropTo     string // user to become
	printToo   bool   // print although packets are written
	countOnly  bool   // print only how many packets there are
	attach     string
	hook       hook.Hook // zero: a packet socket
	results    bool
	stat       statOptions
	exprFile   string
	program    string // file of a finished program, in place of the expression
	linkType   linktype.Type
	linkGiven  bool
	netmask    netip.Addr
	noOptimize bool

	// What is printed.
	numeric     int
	link        bool
	verbose     int
	noWarnings  bool
	quiet       bool
	hex         int
	hexASCII    int
	ascii       int
	stamp       int
	nano, micro bool
	lineBuffer  bool
	absoluteSeq bool
	number      bool
	noChecksum  bool
	json        bool

	// What else there is to do.
	listInterfaces bool
	listLinkTypes  bool
	listStampTypes bool
	listAllTypes   bool
	dump           int
	dumpPass       string
	objective      gofilter.Objective // of the program that is printed
	objectiveGiven bool
	format         string // of the program; empty where -d says it
	output         string // file for the program; empty: standard output
	ebpf           bool
	target         ebpfgen.Target
	access         ebpfgen.Access
	kernel         ebpfgen.Version // the oldest that shall take the eBPF program; zero: not said
	linuxExt       bool
	savefileOrder  string
	batch          bool
	completion     string // shell to write completions for
	version        bool
	help           bool
}

// A setting is an option's value that is checked when it is read.
type setting struct {
	set func(string) error
	typ string // of the value, for the usage text
}

func (s *setting) Set(v string) error { return s.set(v) }
func (s *setting) String() string     { return "" }
func (s *setting) Type() string       { return s.typ }

// refusals are tcpdump's options that this program does not have, with the reason.
// Their letters mean nothing else here.
var refusals = []struct {
	long, short string
	value       bool
	reason      string
}{
	{"as-dot", "b", false, "BGP is not decoded"},
	{"decrypt", "E", true, "ESP is not decrypted"},
	{"foreign-numeric", "f", false, "it concerned names served by a NIS of long ago"},
	{"single-line", "g", false, "the line of a packet is not changed by -v"},
	{"mesh", "H", false, "802.11s is not decoded"},
	{"monitor-mode", "I", false, "set the interface to monitor mode before capturing"},
	{"mib", "m", true, "SNMP is not decoded"},
	{"tcp-md5-secret", "M", true, "TCP-MD5 is not verified"},
	{"no-domain", "N", false, "use -n for addresses without names"},
	{"force-type", "T", true, "payloads are known by their ports"},
	{"undecoded-nfs", "u", false, "NFS is not decoded"},
	{"file-list", "V", true, "read one file with -r"},
	{"lengths", "", false, "a line has the lengths of its protocols"},
	{"skip", "", true, "packets are read from the first one on"},
	{"print-sampling", "", true, "every packet is printed"},
}

// A refusedError says that an option of tcpdump's is not supported.
type refusedError struct{ name, reason string }

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s is not supported: %s", e.name, e.reason)
}

// newFlags returns the options' definitions, which store into o.
func newFlags(o *options) *pflag.FlagSet {
	fs := pflag.NewFlagSet(program, pflag.ContinueOnError)
	fs.Usage = func() {}
	fs.SortFlags = false
	value := func(set func(string) error, long, short, typ, text string) {
		fs.VarP(&setting{set, typ}, long, short, text)
	}

	value(o.setInterface, "interface", "i", "INTERFACE", "capture on a name, a number of -D, or any; may be given again")
	fs.StringVarP(&o.read, "read", "r", "", "read packets from `FILE`, - for standard input")
	fs.StringVarP(&o.write, "write", "w", "", "write packets to `FILE`, - for standard output")
	value(o.setCount, "packets", "c", "COUNT", "stop after so many packets")
	value(o.setSnaplen, "snapshot-length", "s", "BYTES", "capture so much of a packet; 0 is 262144")
	fs.StringVarP(&o.exprFile, "expression-file", "F", "", "read the expression from `FILE`; the command line's is ignored")
	fs.StringVar(&o.program, "program", "", "filter with the classic program in `FILE`: a savefile, or what -d or --format prints")
	value(o.setLinkType, "linktype", "y", "DLT", "link type to capture or to compile for")
	value(o.setDirection, "direction", "Q", "in|out|inout", "packets to capture")
	value(o.setBuffer, "buffer-size", "B", "KIB", "size of the capture buffer")
	value(o.setStampType, "time-stamp-type", "j", strings.Join(stampNames(), "|"), "whose clock packets are stamped by")
	value(o.setWorkers, "workers", "", "N|auto", "take packets of an interface in so many buffers at once, merged by time; auto: one a processor")
	fs.BoolVar(&o.immediate, "immediate-mode", false, "deliver packets as they arrive")
	fs.BoolVarP(&o.noPromisc, "no-promiscuous-mode", "p", false, "do not ask for packets to other hosts")
	fs.BoolVarP(&o.perPacket, "packet-buffered", "U", false, "write each packet at once")
	value(o.setRotateSize, "rotate-size", "C", "SIZE", "begin another file past SIZE million bytes; k, m, g: of 1024, 1024^2, 1024^3")
	value(o.setRotateSeconds, "rotate-seconds", "G", "SECONDS", "begin another file after so many; -w may have a time as strftime(3)")
	value(o.setFileCount, "file-count", "W", "COUNT", "with -C go round so many files, with -G end after so many")
	fs.StringVarP(&o.rotation.command, "postrotate-command", "z", "", "run `COMMAND` on each file that another one follows")
	value(o.setFsync, "fsync", "", "never|rotate|packet|INTERVAL", "have what is written on the disk: each complete file, each packet, or at intervals (5, 200ms)")
	fs.StringVarP(&o.dropTo, "relinquish-privileges", "Z", "", "as root, become `USER` before files to write are opened")
	fs.BoolVar(&o.pcapng, "pcapng", false, "write pcapng, as for a FILE that ends in .pcapng")
	fs.BoolVar(&o.printToo, "print", false, "print packets that are written, too")
	fs.BoolVar(&o.countOnly, "count", false, "print only the number of packets in the file")
	o.stat.define(fs)

	fs.CountVarP(&o.numeric, "numeric", "n", "no names for addresses and ports")
	fs.BoolVarP(&o.link, "link-header", "e", false, "print the link header")
	fs.CountVarP(&o.verbose, "verbose", "v", "print more; -vv and -vvv yet more")
	fs.BoolVar(&o.noWarnings, "no-warnings", false, "with -v, do not say what is often misread in the expression")
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "print less")
	fs.CountVarP(&o.hex, "hex", "x", "print the bytes; -xx with the link header")
	fs.CountVarP(&o.hexASCII, "hex-ascii", "X", "print the bytes also as text; -XX with the link header")
	fs.CountVarP(&o.ascii, "ascii", "A", "print the bytes as text; -AA with the link header")
	fs.CountVarP(&o.stamp, "time", "t", "-t no time, -tt seconds, -ttt since the packet before, -tttt with date, -ttttt since the first")
	fs.BoolVar(&o.nano, "nano", false, "times in nanoseconds")
	fs.BoolVar(&o.micro, "micro", false, "times in microseconds")
	value(o.setPrecision, "time-stamp-precision", "", "micro|nano", "as --micro or --nano")
	fs.BoolVarP(&o.lineBuffer, "line-buffered", "l", false, "print each line at once")
	fs.BoolVarP(&o.absoluteSeq, "absolute-tcp-sequence-numbers", "S", false, "TCP sequence numbers as they are")
	fs.BoolVarP(&o.number, "number", "#", false, "print the packets' numbers")
	fs.BoolVarP(&o.noChecksum, "dont-verify-checksums", "K", false, "do not verify checksums")
	fs.BoolVar(&o.json, "json", false, "print each packet as a JSON object on a line")

	fs.BoolVarP(&o.listInterfaces, "list-interfaces", "D", false, "list what can be captured on")
	fs.BoolVarP(&o.listLinkTypes, "list-data-link-types", "L", false, "list the interface's link types")
	fs.BoolVarP(&o.listStampTypes, "list-time-stamp-types", "J", false, "list the interface's time stamp types")
	fs.CountVarP(&o.dump, "dump", "d", "print the compiled filter; -dd as C, -ddd as numbers")
	value(o.setFormat, "format", "", strings.Join(formatNames(), "|"), "print the program in this form; of eBPF there are asm, c and elf")
	fs.StringVarP(&o.output, "output", "o", "", "write the program to `FILE`")
	fs.BoolVar(&o.ebpf, "ebpf", false, "print the filter as an eBPF program")
	value(o.setTarget, "target", "", "socket|tc|xdp|cgroup", "where the eBPF program shall run; implies --ebpf")
	value(o.setAccess, "access", "", "direct|helper|ldabs|rdonly_cast", "how the eBPF program reads packets")
	value(o.setKernel, "kernel", "", "VERSION", "the oldest Linux that shall take the eBPF program, such as 5.10")
	fs.StringVar(&o.dumpPass, "dump-pass", "", "print the intermediate form after pass `NAME`; all, or list for their names")
	value(o.setObjective, "objective", "", "size|speed", "what the printed program is made for: few instructions, or little time in the Linux kernel")
	fs.BoolVarP(&o.noOptimize, "no-optimize", "O", false, "do not optimize the filter")
	value(o.setNetmask, "netmask", "", "MASK", "the interface's IPv4 netmask")
	fs.BoolVar(&o.linuxExt, "linux-ext", false, "compile for a Linux packet socket")
	value(o.setOrder, "savefile-order", "", "native|swapped", "compile for a savefile of this byte order")
	value(o.setHook, "hook", "", strings.Join(hook.Names(), "|"), "capture before the stack, or at a control group")
	value(o.setAttach, "attach", "", "auto|ebpf|classic", "how to put the filter into the kernel")
	fs.BoolVar(&o.batch, "batch", false, "compile one JSON request a line from standard input")
	fs.BoolVar(&o.results, "results", false, "print the filter's result for each packet of the file")
	value(o.setCompletion, "completion", "", "bash|zsh|fish", "print a script that completes options in this shell")
	fs.BoolVar(&o.version, "version", false, "print the version")
	fs.BoolVarP(&o.help, "help", "h", false, "print this text")

	for _, r := range refusals {
		name := "--" + r.long
		if r.short != "" {
			name = "-" + r.short
		}
		v := &setting{func(string) error { return &refusedError{name, r.reason} }, "VALUE"}
		f := fs.VarPF(v, r.long, r.short, "")
		f.Hidden = true
		if !r.value {
			f.NoOptDefVal = "true"
		}
	}
	return fs
}

// parseOptions reads the command line.
func parseOptions(args []string) (*options, error) {
	o := &options{attach: "auto", workers: 1}
	o.target, _ = ebpfgen.LookupTarget("socket")
	fs := newFlags(o)
	if err := fs.Parse(joinInterval(args)); err != nil {
		return nil, optionError(err)
	}
	o.words = fs.Args()
	if err := o.stat.check(fs); err != nil {
		return nil, err
	}
	return o, o.check()
}

// optionError puts an error of the option parser into this program's words.
func optionError(err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		if unknown.GetSpecifiedShortnames() == "" {
			return fmt.Errorf("unknown option --%s; --help lists the options", unknown.GetSpecifiedName())
		}
		if group := unknown.GetSpecifiedShortnames(); len(group) > 1 {
			return fmt.Errorf("unknown option -%s in -%s; --help lists the options", unknown.GetSpecifiedName(), group)
		}
		return fmt.Errorf("unknown option -%s; --help lists the options", unknown.GetSpecifiedName())
	case errors.As(err, &invalid) && errors.Unwrap(invalid) != nil:
		if _, ok := invalid.GetFlag().Value.(*setting); ok {
			return errors.Unwrap(invalid)
		}
	}
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) {
		if missing.GetSpecifiedShortnames() != "" {
			return fmt.Errorf("option -%s needs a value", missing.GetSpecifiedName())
		}
		return fmt.Errorf("option --%s needs a value", missing.GetSpecifiedName())
	}
	return err
}

// check refuses options that contradict one another.
func (o *options) check() error {
	if o.nano && o.micro {
		return errors.New("--nano and --micro exclude each other")
	}
	if o.objectiveGiven {
		switch {
		case o.program != "":
			return errors.New("--objective says how an expression is compiled; --program is finished")
		case o.dump == 0 && o.format == "" && o.dumpPass == "" && !o.ebpf:
			return errors.New("--objective is about a program that is printed: -d, --format, --ebpf or --dump-pass")
		}
	}
	if len(o.ifaces) > 1 && (o.dump > 0 || o.format != "" || o.ebpf || o.dumpPass != "") {
		return errors.New("a program is printed for one interface: choose one -i")
	}
	if o.pcapng && o.write == "" {
		return errors.New("--pcapng is about a file to write: -w FILE")
	}
	if o.json && (o.hex > 0 || o.hexASCII > 0 || o.ascii > 0) {
		return errors.New("--json prints no bytes: -x, -X and -A cannot stand beside it")
	}
	if o.linuxExt && o.savefileOrder != "" {
		return errors.New("--linux-ext compiles for a live capture and --savefile-order for a file: choose one")
	}
	if o.read != "" {
		switch {
		case len(o.ifaces) > 0 && o.dump == 0:
			return errors.New("-r reads a file and -i captures: choose one")
		case o.direction != "":
			return errors.New("-Q needs a live capture; a file has no directions")
		}
	}
	if o.hooked() {
		switch {
		case o.read != "":
			return errors.New("--hook needs a live capture: -i")
		case o.workers > 1:
			return errors.New("--workers are packet sockets, and --hook captures without one")
		case o.stampType != "" && o.stampType != "host":
			return errors.New("-j " + o.stampType + " is a packet socket's; time stamps of --hook are the host's")
		case o.program != "":
			return errors.New("--program is classic BPF, which no hook takes: give an expression")
		case o.attach != "auto":
			return errors.New("--attach is about packet sockets, and --hook captures without one")
		case o.dump > 0 || o.format != "" || o.ebpf || o.dumpPass != "":
			return errors.New("--hook captures; the program of a filter is printed with --target")
		}
	}
	if o.countOnly && o.read == "" && o.dump == 0 {
		return errors.New("--count needs a file to read: -r FILE")
	}
	if err := o.checkFormat(); err != nil {
		return err
	}
	if err := o.checkProgram(); err != nil {
		return err
	}
	if err := o.checkFsync(); err != nil {
		return err
	}
	return o.checkRotation()
}

func (o *options) setInterface(s string) error {
	if s == "" {
		return errors.New("-i needs the name of an interface")
	}
	o.ifaces = append(o.ifaces, s)
	return nil
}

// savesNg reports whether packets are written as pcapng.
func (o *options) savesNg() bool { return o.pcapng || strings.HasSuffix(o.write, ".pcapng") }

func (o *options) setFormat(s string) error {
	return choice(&o.format, "format", formatNames()...)(s)
}

func (o *options) setCount(s string) error {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n == 0 {
		return fmt.Errorf("invalid packet count %s", s)
	}
	o.count = n
	return nil
}

func (o *options) setSnaplen(s string) error {
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil || n > maxSnaplen {
		return fmt.Errorf("invalid snaplen %s (must be >= 0 and <= %d)", s, maxSnaplen)
	}
	if n == 0 {
		n = maxSnaplen
	}
	o.snaplen = uint32(n)
	return nil
}

// maxSnaplen is the default and the greatest snapshot length, in bytes.
const maxSnaplen = 262144

func (o *options) setLinkType(s string) error {
	if s == "list" {
		o.listAllTypes = true
		return nil
	}
	t, err := linktype.Lookup(s)
	if err != nil {
		return fmt.Errorf("invalid data link type %s (-y list prints them)", s)
	}
	o.linkType, o.linkGiven = t, true
	return nil
}

// choice returns a function that takes one of words into where.
func choice(where *string, what string, words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("unknown %s %q: want %s", what, s, strings.Join(words, ", "))
		}
		*where = s
		return nil
	}
}

func (o *options) setDirection(s string) error {
	return choice(&o.direction, "capture direction", "in", "out", "inout")(s)
}

func (o *options) setOrder(s string) error {
	return choice(&o.savefileOrder, "savefile order", "native", "swapped")(s)
}

func (o *options) setAttach(s string) error {
	return choice(&o.attach, "way to attach", "auto", "ebpf", "classic")(s)
}

func (o *options) setHook(s string) (err error) {
	o.hook, err = hook.Parse(s)
	return err
}

// hooked reports whether packets come from a hook.
func (o *options) hooked() bool { return o.hook.Kind != 0 }

func (o *options) setObjective(s string) error {
	var word string
	if err := choice(&word, "objective", "size", "speed")(s); err != nil {
		return err
	}
	o.objectiveGiven = true
	if o.objective = gofilter.Size; word == "speed" {
		o.objective = gofilter.Speed
	}
	return nil
}

func (o *options) setPrecision(s string) error {
	var word string
	if err := choice(&word, "time stamp precision", "micro", "nano")(s); err != nil {
		return err
	}
	o.nano, o.micro = word == "nano", word == "micro"
	return nil
}

func (o *options) setBuffer(s string) error {
	n, err := strconv.ParseUint(s, 10, 21)
	if err != nil || n == 0 {
		return fmt.Errorf("invalid buffer size %s: want KiB, 1 to 2097151", s)
	}
	o.bufferKiB = uint32(n)
	return nil
}

func (o *options) setWorkers(s string) error {
	if s == "auto" {
		o.workers = min(runtime.NumCPU(), capture.MaxGroup) // of the processors that this process may use
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > capture.MaxGroup {
		return fmt.Errorf("invalid number of workers %s: want auto or 1 to %d", s, capture.MaxGroup)
	}
	o.workers = n
	return nil
}

func (o *options) setTarget(s string) error {
	t, ok := ebpfgen.LookupTarget(s)
	if !ok {
		return fmt.Errorf("unknown target %q: want %s", s, targetNames())
	}
	o.target, o.ebpf = t, true
	return nil
}

func targetNames() string {
	var names []string
	for _, t := range ebpfgen.Targets() {
		names = append(names, t.String())
	}
	return strings.Join(names, ", ")
}

func (o *options) setAccess(s string) error {
	a, ok := ebpfgen.LookupAccess(s)
	if !ok {
		return fmt.Errorf("unknown way to access packets %q: want direct, helper, ldabs, rdonly_cast", s)
	}
	o.access = a
	return nil
}

func (o *options) setKernel(s string) (err error) {
	o.kernel, err = ebpfgen.ParseVersion(s)
	return err
}

func (o *options) setNetmask(s string) error {
	mask, err := parseNetmask(s)
	o.netmask = mask
	return err
}

// parseNetmask reads a dotted quad.
func parseNetmask(s string) (netip.Addr, error) {
	mask, err := netip.ParseAddr(s)
	if err != nil || !mask.Is4() {
		return netip.Addr{}, fmt.Errorf("invalid netmask %q: want four numbers, such as 255.255.255.0", s)
	}
	return mask, nil
}

// usage returns the text of --help.
func usage() string {
	fs := newFlags(new(options))
	return "usage: " + program + " [options] [--] [expression]\n\n" +
		"The expression is that of pcap-filter(7); without one every packet is taken.\n\n" + fs.FlagUsages()
}

// version returns the program's version.
func version() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return v
}
