// Command soak captures for a long time at a steady rate into files that are rotated, and
// checks that nothing goes missing unsaid and that memory stays flat.
//
// It makes a private network, sends numbered frames from one processor, half of them
// wanted by the filter, and runs the command on another. Files are read as they are
// completed, and removed. At the end everything has to add up: what was sent is captured,
// dropped or rejected; what was captured is in the files; and the numbers missing there
// are those dropped.
package main
