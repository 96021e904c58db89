package expr

// MaxSource is the longest source text that Parse takes, in bytes. A list of 100,000
// IPv6 hosts has about 5 MB.
const MaxSource = 16 << 20

// MaxErrors is how many errors one call of Parse reports at most.
const MaxErrors = 10
