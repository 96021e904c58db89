// Package gofilter compiles tcpdump-style packet filters.
package gofilter
