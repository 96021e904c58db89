package main

var sections = []section{
	{"capture", "CPU time of gofilter and tcpdump for a captured packet, with -w /dev/null", (*bench).capture},
	{"reject", "ns of the thread that makes packets of 64 bytes, for a filter that rejects them where they arrive", (*bench).reject},
	{"stat", "ns of the thread that makes packets of 64 bytes, for counting them where they arrive", (*bench).stat},
}
