package packets

import (
	"bytes"
	"fmt"
)

// Files returns all files of testdata/pcaps by name: the captures and the README.md that
// lists them.
func Files() map[string][]byte {
	files := make(map[string][]byte)
	var list bytes.Buffer
	list.WriteString("# Captures\n\n" +
		"Written by the project's own generator, internal/packets: `make pcaps` writes them again,\n" +
		"byte for byte. Every length and checksum in them is right.\n\n" +
		"| file | link type | packets | what is in it |\n| --- | --- | --- | --- |\n")
	for _, c := range Captures() {
		files[c.Name+".pcap"] = c.Bytes()
		fmt.Fprintf(&list, "| %s.pcap | %v | %d | %s |\n", c.Name, c.LinkType, len(c.Packets), c.About)
	}
	files["README.md"] = list.Bytes()
	return files
}
