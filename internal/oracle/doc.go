// Package oracle compares this compiler with libpcap itself, on filters that it
// makes up.
//
// A case is a random filter on a random link type. libpcap compiles it in a driver
// program, driver/oracle.c, that runs beside the test; nothing of it is linked in. What
// the two compilers accept, and the verdicts of what they made, must be the same,
// but for the named exceptions in exceptions.go, each with its reason.
//
// A seed and a number name a case; the same two make the same filter and the same
// packets again.
package oracle
