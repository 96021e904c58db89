package main

var sections = []section{
	{"stat", "ns that sending a packet of 64 bytes costs more when the other end counts it", (*bench).stat},
}
