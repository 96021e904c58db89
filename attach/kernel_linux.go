package attach

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/cilium/ebpf/btf"
)

var runningKernel = sync.OnceValues(readKernel)

func readKernel() (*Kernel, error) {
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, fmt.Errorf("type information of the kernel: %w", err)
	}
	k := new(Kernel)
	var skb *btf.Struct
	if err := spec.TypeByName("sk_buff", &skb); err != nil {
		return nil, fmt.Errorf("struct sk_buff: %w", err)
	}
	for name, at := range map[string]*int16{"len": &k.Len, "data_len": &k.DataLen, "data": &k.Data} {
		off, ok := memberOffset(skb.Members, name)
		if !ok || off > math.MaxInt16 {
			return nil, fmt.Errorf("struct sk_buff has no member %s: %w", name, errors.ErrUnsupported)
		}
		*at = int16(off)
	}
	for name, id := range map[string]*int32{"bpf_cast_to_kern_ctx": &k.CastToKernCtx, "bpf_rdonly_cast": &k.RdonlyCast} {
		var fn *btf.Func
		if err := spec.TypeByName(name, &fn); err != nil {
			return nil, fmt.Errorf("kernel function %s, of Linux 6.2: %w (%w)", name, errors.ErrUnsupported, err)
		}
		n, err := spec.TypeID(fn)
		if err != nil || n > math.MaxInt32 {
			return nil, fmt.Errorf("kernel function %s has BTF id %d: %w", name, n, errors.ErrUnsupported)
		}
		*id = int32(n)
	}
	return k, nil
}

// memberOffset returns where a member is, in bytes, also one of an unnamed member.
func memberOffset(members []btf.Member, name string) (uint32, bool) {
	for _, m := range members {
		if m.Name == name && m.BitfieldSize == 0 {
			return m.Offset.Bytes(), true
		}
		if m.Name != "" {
			continue
		}
		var inner []btf.Member
		switch t := btf.UnderlyingType(m.Type).(type) {
		case *btf.Struct:
			inner = t.Members
		case *btf.Union:
			inner = t.Members
		}
		if off, ok := memberOffset(inner, name); ok {
			return m.Offset.Bytes() + off, true
		}
	}
	return 0, false
}
