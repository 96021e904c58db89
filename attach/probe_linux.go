package attach

import (
	"fmt"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// supported tries method m on a unix datagram socket: it needs no network and no
// privilege of its own.
func supported(m Method) error {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("socket to try %s on: %w", m, err)
	}
	defer conn.Close()
	switch m {
	case Classic:
		return Socket(conn, Return(0))
	case EBPF:
		p, err := Load(asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}, ebpf.SocketFilter)
		if err != nil {
			return err
		}
		defer p.Close()
		return SocketProgram(conn, p)
	}
	return fmt.Errorf("attach: method %d does not exist", m)
}
