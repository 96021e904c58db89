package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// shells are those that --completion writes for.
var shells = []struct {
	name string
	text func([]flagInfo) string
}{
	{"bash", bashCompletion},
	{"zsh", zshCompletion},
	{"fish", fishCompletion},
}

func (o *options) setCompletion(s string) error {
	var names []string
	for _, row := range shells {
		names = append(names, row.name)
	}
	return choice(&o.completion, "shell", names...)(s)
}

// completion returns the script that completes this program's options in a shell.
func completion(shell string) string {
	for _, row := range shells {
		if row.name == shell {
			return row.text(flagInfos())
		}
	}
	panic(fmt.Sprintf("%s: completion for %q", program, shell))
}

// A flagInfo is an option as a shell sees it.
type flagInfo struct {
	long, short string // without dashes; short may be empty
	text        string // what it does
	value       string // what kind of value it takes, empty if none
	again       bool   // may be given more than once
}

// flagInfos returns the options of the flag table that are not refused.
func flagInfos() []flagInfo {
	var all []flagInfo
	newFlags(new(options)).VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		if f.NoOptDefVal != "" { // which a flag without value has
			value = ""
		}
		all = append(all, flagInfo{f.Name, f.Shorthand, text, value, f.Value.Type() == "count" || f.Name == "interface"})
	})
	return all
}

// words returns the values that an option can have, nil where they are not words. One
// in capitals stands for others.
func (f *flagInfo) words() []string {
	if !strings.Contains(f.value, "|") {
		return nil
	}
	return slices.DeleteFunc(strings.Split(f.value, "|"), func(w string) bool { return w == strings.ToUpper(w) })
}

// lists are commands that list the values of a kind, one a line, with what each shell
// knows by itself.
var lists = map[string]struct{ command, bash, zsh, fish string }{
	"INTERFACE": {command: program + ` -D 2>/dev/null | sed 's/^[0-9]*[.]//; s/ .*//'`},
	"DLT":       {command: program + ` -y list 2>/dev/null | sed -n 's/^  \([^ ,]*\).*/\1/p'`},
	"FILE":      {bash: "-f", zsh: "_files", fish: "-rF"},
	"USER":      {bash: "-u", zsh: "_users", fish: "-xa '(__fish_complete_users)'"},
	"COMMAND":   {bash: "-c", zsh: "_command_names -e", fish: "-xa '(__fish_complete_command)'"},
}

func bashCompletion(flags []flagInfo) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# bash completion for %[1]s: eval \"$(%[1]s --completion bash)\"\n_%[1]s() {\n", program)
	b.WriteString("\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n" +
		"\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n" +
		"\tCOMPREPLY=()\n\tcase $prev in\n")
	var names []string
	for _, f := range flags {
		names = append(names, "--"+f.long)
		pattern := "--" + f.long
		if f.short != "" {
			names = append(names, "-"+f.short)
			pattern += "|-" + f.short
			if f.value != "" {
				pattern += "|-[!-]*" + f.short // letters of others before it
			}
		}
		if f.value == "" {
			continue
		}
		fmt.Fprintf(&b, "\t%s) ", pattern)
		list := lists[f.value]
		switch {
		case f.words() != nil:
			fmt.Fprintf(&b, "COMPREPLY=($(compgen -W %s -- \"$cur\")); ", quoted(strings.Join(f.words(), " ")))
		case list.command != "":
			fmt.Fprintf(&b, "COMPREPLY=($(compgen -W \"$(%s)\" -- \"$cur\")); ", list.command)
		case list.bash != "":
			fmt.Fprintf(&b, "COMPREPLY=($(compgen %s -- \"$cur\")); ", list.bash)
		}
		b.WriteString("return ;;\n")
	}
	fmt.Fprintf(&b, "\tesac\n\tif [[ $cur == -* ]]; then COMPREPLY=($(compgen -W %s -- \"$cur\")); fi\n}\ncomplete -F _%s %s\n",
		quoted(strings.Join(names, " ")), program, program)
	return b.String()
}

func zshCompletion(flags []flagInfo) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n_arguments -s", program)
	for _, f := range flags {
		tail := "[" + strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(f.text) + "]"
		list := lists[f.value]
		switch {
		case f.value == "":
		case f.words() != nil:
			tail += ":value:(" + strings.Join(f.words(), " ") + ")"
		case list.command != "":
			tail += ":" + f.value + ":{compadd -- ${(f)\"$(" + list.command + ")\"}}"
		default:
			tail += ":" + f.value + ":" + list.zsh
		}
		long, short := "--"+f.long, "-"+f.short
		if f.value != "" {
			long, short = long+"=", short+"+"
		}
		again, exclude := "", "(--"+f.long+" -"+f.short+")"
		if f.again {
			again, exclude = "*", ""
		}
		if f.short == "" {
			exclude = ""
		} else {
			fmt.Fprintf(&b, " \\\n  %s", quoted(exclude+again+short+tail))
		}
		fmt.Fprintf(&b, " \\\n  %s", quoted(exclude+again+long+tail))
	}
	b.WriteString(" \\\n  '*:expression: '\n")
	return b.String()
}

func fishCompletion(flags []flagInfo) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %[1]s: %[1]s --completion fish | source\ncomplete -c %[1]s -f\n", program)
	for _, f := range flags {
		fmt.Fprintf(&b, "complete -c %s -l %s", program, f.long)
		if f.short != "" {
			fmt.Fprintf(&b, " -s %s", quoted(f.short))
		}
		fmt.Fprintf(&b, " -d %s", quoted(f.text))
		list := lists[f.value]
		switch {
		case f.value == "":
		case f.words() != nil:
			fmt.Fprintf(&b, " -xa %s", quoted(strings.Join(f.words(), " ")))
		case list.command != "":
			fmt.Fprintf(&b, " -xa \"(%s)\"", strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(list.command))
		case list.fish != "":
			fmt.Fprintf(&b, " %s", list.fish)
		default:
			b.WriteString(" -x")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// quoted returns a word of the shell that is s.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
