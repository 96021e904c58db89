package expr

// Pos is a byte offset into the filter's source text.
type Pos int32

// Span is a part of the source text; End is exclusive.
type Span struct {
	Pos, End Pos
}

// An Expr is a node of a filter's syntax tree that is true or false of a packet.
// The set of nodes is closed. Names are those of pcap-filter(7).
type Expr interface {
	Span() Span
	expr()
}

// Binary is "X and Y" or "X or Y". The two operators have equal precedence and
// group to the left, so a chain of n terms is a tree n deep on its X side.
type Binary struct {
	Op    Op // And, Or
	X, Y  Expr
	OpPos Span // the operator's word
	start Pos  // 1 + the position of X, from the parser; 0: to be found by descending
}

// Not is "not X".
type Not struct {
	X     Expr
	OpPos Span
}

// Paren is "(X)". Parentheses matter to the meaning, since qualifiers that a
// later primitive takes over from an earlier one do not cross them.
type Paren struct {
	X    Expr
	L, R Pos // of the parentheses
}

// Qualified is a set of qualifiers with what they qualify: "tcp dst port 80",
// "host (a or b)". X is an ID, or Not, Paren and Binary over IDs.
type Qualified struct {
	Quals Qualifiers
	X     Expr
}

// Qualifiers are the words in front of an id. Each is zero where it was omitted;
// at least one is not.
type Qualifiers struct {
	Proto                        Proto // protocol
	Dir                          Dir   // direction
	Type                         Type  // kind of id
	ProtoSpan, DirSpan, TypeSpan Span
}

// ID is a name, number or address. Its qualifiers are those of the Qualified that
// it stands in; failing one, those that the term to its left had.
type ID struct {
	Kind    IDKind
	Text    string // as written, without the backslash of an escaped name, the $ of an ARCnet address, and a prefix length or mask
	Escaped bool   // a name that was written with a backslash
	Num     uint32 // IDNumber: its value; IDPrefix4, IDPrefix6: the prefix length in bits
	Mask    string // IDMask4: the mask as written
	At      Span
}

// IDKind is the form of an ID.
type IDKind uint8

// The forms of an ID, with the scanner's class for each.
const (
	IDInvalid IDKind = iota
	IDName           // "www.example.org", "http", "\tcp"
	IDNumber         // "80"
	IDAddr4          // "10.1.2.3", and shorter: "10.1"
	IDPrefix4        // "10.1.0.0/16"
	IDMask4          // "10.1.0.0 mask 255.255.0.0"
	IDAddr6          // "2001:db8::1"
	IDPrefix6        // "2001:db8::/32"
	IDMAC48          // "00:11:22:33:44:55" and its other spellings
	IDMAC8           // "$1f", an ARCnet address
)

// ProtoTest is a protocol alone: "tcp".
type ProtoTest struct {
	Proto Proto
	At    Span
}

// Relation is "X Op Y" between two numbers.
type Relation struct {
	Op    Op // Gt, Ge, Eq, Le, Lt, Ne
	X, Y  Arith
	OpPos Span
}

// Cast is "broadcast" or "multicast", after an optional protocol.
type Cast struct {
	Proto     Proto // zero where omitted
	Multicast bool
	At        Span
}

// Length is "less Num" (length on the wire is at most Num) or "greater Num" (at least).
type Length struct {
	Greater bool
	Num     Number
	At      Span
}

// Byte is "byte Index Op Value", a test of one byte of the packet.
type Byte struct {
	Index Number
	Op    Op // And ('&'), Or ('|'): result is not 0; Lt, Gt, Eq
	Value Number
	OpPos Span
	At    Span
}

// Direction is "inbound" or "outbound".
type Direction struct {
	Outbound bool
	At       Span
}

// Ifindex is "ifindex Num".
type Ifindex struct {
	Num Number
	At  Span
}

// Encap is a keyword that also moves the place where everything to its right
// looks: "vlan", "mpls", "pppoes", "geneve", "vxlan", with an optional number;
// and "pppoed", which moves nothing and takes no number.
type Encap struct {
	Kind EncapKind
	Num  *Number // nil where omitted
	At   Span
}

// PF is a test of the header that BSD's packet filter logs: "on em0", "rulenum 3".
type PF struct {
	Field     PFField
	Name      string // the name as written, where a name was; else Num holds
	Num       *Number
	ValueSpan Span
	At        Span
}

// WLANType is "type T", "type T subtype S" or "subtype S" of an 802.11 frame, after
// an optional protocol. A value that was given as a number has it in Num, one given as
// a name has it in Name; an omitted one is nil.
type WLANType struct {
	Proto   Proto
	Type    *NameOrNumber
	Subtype *NameOrNumber
	At      Span
}

// WLANDir is "dir D" of an 802.11 frame, after an optional protocol.
type WLANDir struct {
	Proto Proto
	Dir   NameOrNumber
	At    Span
}

// LLC is "llc" or "llc Name". Name is as written, empty where omitted.
type LLC struct {
	Name     string
	NameSpan Span
	At       Span
}

// ATMTest is a keyword for a kind of ATM traffic: "lane", "oamf4".
type ATMTest struct {
	Kind ATMKind
	At   Span
}

// MTP2Test is a keyword for a kind of MTP2 signal unit: "fisu".
type MTP2Test struct {
	Kind MTP2Kind
	At   Span
}

// FieldTest compares a field of an ATM or MTP3 header: "vpi 3", "opc > 5",
// "dpc (1 or 2)". With several Values, Op is Eq and one must hold.
type FieldTest struct {
	Field  Field
	Op     Op // Eq, Gt, Ge, Le, Lt, Ne
	Values []Number
	List   bool // the values stood in parentheses
	At     Span
}

// Number is a number of the source text.
type Number struct {
	Value uint32
	Text  string // as written ("0x16"), a named constant included ("tcp-syn")
	At    Span
}

// NameOrNumber is a value that may be given either way. Name is empty for a number.
type NameOrNumber struct {
	Name string
	Num  uint32
	At   Span
}

// An Arith is a node that has a number for each packet. The set of nodes is closed.
type Arith interface {
	Span() Span
	arith()
}

// Num is a constant.
type Num struct {
	Number
}

// Len is "len", the packet's length on the wire.
type Len struct {
	At Span
}

// Accessor is "Proto[Index:Size]": Size bytes (1, 2 or 4 are meaningful; others are
// kept for resolving to refuse) at Index from the start of the protocol's header.
type Accessor struct {
	Proto     Proto
	ProtoSpan Span
	Index     Arith
	Size      *Number // nil where omitted, which means 1
	At        Span
}

// BinaryArith is "X Op Y".
type BinaryArith struct {
	Op    Op // Add, Sub, Mul, Div, Mod, And, Or, Xor, Lsh, Rsh
	X, Y  Arith
	OpPos Span
	start Pos // as Binary's
}

// Neg is "-X".
type Neg struct {
	X     Arith
	OpPos Span
}

// ParenArith is "(X)".
type ParenArith struct {
	X    Arith
	L, R Pos
}
