package main

var sections = []section{
	{"stat", "ns of the thread that makes packets of 64 bytes, for counting them where they arrive", (*bench).stat},
}
