package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A kernel is one of Debian's.
type kernel struct {
	version string
	suite   string // of the security archive
}

// The oldest is that of the oldest release of which Debian still has a kernel.
var kernels = []kernel{
	{"5.10", "bullseye-security"},
	{"6.1", "bookworm-security"},
	{"6.12", "trixie-security"},
}

// metapackage depends on the newest kernel of a suite for virtual machines.
const metapackage = "linux-image-cloud-amd64"

// keyring is Debian's archive key, of the package debian-archive-keyring.
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// tools are what is needed of the system, with the Debian packages that have it.
var tools = map[string]string{
	"apt-get":            "apt",
	"dpkg-deb":           "dpkg",
	"xz":                 "xz-utils",
	"clang":              "clang",
	"qemu-system-x86_64": "qemu-system-x86",
}

func requireTools() error {
	var missing []string
	for tool, pkg := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("programs are missing: apt-get install %s", strings.Join(missing, " "))
	}
	return nil
}

// An image is an unpacked kernel package.
type image struct {
	release string // as uname -r says it
	vmlinuz string
	modules string // directory
}

// fetch returns a suite's newest kernel, from dir where it has been fetched before.
func (k kernel) fetch(dir string, update bool) (*image, error) {
	unpacked := filepath.Join(dir, "unpacked")
	if i, err := open(unpacked); err == nil && !update {
		return i, nil
	}
	apt, err := k.apt(filepath.Join(dir, "apt"))
	if err != nil {
		return nil, err
	}
	if _, err := apt("apt-get", "-q", "update"); err != nil {
		return nil, err
	}
	out, err := apt("apt-cache", "depends", "--important", metapackage)
	if err != nil {
		return nil, err
	}
	_, name, _ := strings.Cut(out, "Depends: ")
	name, _, _ = strings.Cut(name, "\n")
	if !strings.HasPrefix(name, "linux-image-"+k.version) {
		return nil, fmt.Errorf("suite %s: package %s depends on %q, which is no Linux %s", k.suite, metapackage, name, k.version)
	}
	if _, err := apt("apt-get", "-q", "download", name); err != nil {
		return nil, err
	}
	debs, err := filepath.Glob(filepath.Join(dir, "apt", name+"_*.deb"))
	if err != nil || len(debs) == 0 {
		return nil, fmt.Errorf("package %s was not downloaded (%v)", name, err)
	}
	if err := os.RemoveAll(unpacked); err != nil {
		return nil, err
	}
	if _, err := output(dir, "dpkg-deb", "-x", debs[len(debs)-1], unpacked); err != nil {
		return nil, err
	}
	for _, deb := range debs {
		if err := os.Remove(deb); err != nil {
			return nil, err
		}
	}
	return open(unpacked)
}

// open looks for the kernel in a directory.
func open(dir string) (*image, error) {
	found, err := filepath.Glob(filepath.Join(dir, "boot", "vmlinuz-*"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("%s: no kernel (%v)", dir, err)
	}
	release := strings.TrimPrefix(filepath.Base(found[0]), "vmlinuz-")
	for _, lib := range []string{"usr/lib", "lib"} { // moved in Debian 13
		modules := filepath.Join(dir, lib, "modules", release)
		if _, err := os.Stat(modules); err == nil {
			return &image{release, found[0], modules}, nil
		}
	}
	return nil, fmt.Errorf("%s: no modules of %s", dir, release)
}

// apt returns a function that runs a program of apt's with a state of its own in dir, which knows the
// kernel's suite and no other. The archive is the one that the machine's own apt uses.
func (k kernel) apt(dir string) (func(program string, args ...string) (string, error), error) {
	archive, err := securityArchive()
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"lists/partial", "cache/archives/partial", "etc"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	sources := filepath.Join(dir, "etc", "sources.list")
	line := fmt.Sprintf("deb [arch=amd64 signed-by=%s] %s %s main\n", keyring, archive, k.suite)
	if err := os.WriteFile(sources, []byte(line), 0o644); err != nil {
		return nil, err
	}
	return func(program string, args ...string) (string, error) {
		all := []string{
			"-o", "Dir::Etc::SourceList=" + sources, "-o", "Dir::Etc::SourceParts=/dev/null",
			"-o", "Dir::State::Lists=" + filepath.Join(dir, "lists"), "-o", "Dir::Cache=" + filepath.Join(dir, "cache"),
			"-o", "Acquire::Languages=none", "-o", "Acquire::Retries=3", "-o", "APT::Architecture=amd64", "-o", "APT::Sandbox::User=",
		}
		return output(dir, program, append(all, args...)...)
	}, nil
}

// securityArchive returns the address of Debian's security archive that the machine's own apt uses.
func securityArchive() (string, error) {
	out, err := output("", "apt-get", "indextargets", "--format", "$(REPO_URI)")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if strings.HasSuffix(strings.TrimSuffix(line, "/"), "debian-security") {
			return line, nil
		}
	}
	return "", errors.New("this machine's apt has no source with Debian's security archive, or apt-get update has not been run")
}

// output runs a program and returns what it prints; an error has that, too.
func output(dir, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", program, err, out, stderr.String())
	}
	return string(out), nil
}

// wantedModules are what the tests need where the kernel does not have it built in.
var wantedModules = []string{"veth", "sch_ingress", "cls_bpf", "8021q"}

// A module is the name and the content of a kernel module.
type module struct {
	name string
	code []byte
}

// load returns the wanted modules with those that they depend on, in the order in which they can be loaded.
func (i *image) load() ([]module, error) {
	files := make(map[string]string)
	err := filepath.WalkDir(i.modules, func(path string, d os.DirEntry, err error) error {
		if name, _, ok := strings.Cut(filepath.Base(path), ".ko"); ok && err == nil {
			files[strings.ReplaceAll(name, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []module
	done := make(map[string]bool)
	var add func(name string) error
	add = func(name string) error {
		path := files[name]
		if done[name] || path == "" { // built in
			return nil
		}
		done[name] = true
		code, err := os.ReadFile(path)
		if strings.HasSuffix(path, ".xz") {
			var text string
			text, err = output("", "xz", "-dc", path)
			code = []byte(text)
		}
		if err != nil {
			return err
		}
		needs, err := depends(code)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, n := range needs {
			if err := add(n); err != nil {
				return err
			}
		}
		all = append(all, module{name, code})
		return nil
	}
	for _, name := range wantedModules {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// depends returns the modules that a module says it needs, in its section .modinfo.
func depends(code []byte) ([]string, error) {
	f, err := elf.NewFile(strings.NewReader(string(code)))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, errors.New("no section .modinfo")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for field := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(field, "depends="); ok && list != "" {
			return strings.Split(strings.ReplaceAll(list, "-", "_"), ","), nil
		}
	}
	return nil, nil
}
