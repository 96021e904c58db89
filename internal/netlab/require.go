package netlab

import "os"

// RequireVariable is the environment variable that turns a skip for want of
// privilege into a failure.
const RequireVariable = "GOFILTER_REQUIRE_KERNEL"

// TB is the part of testing.TB that the package uses.
type TB interface {
	Helper()
	Cleanup(func())
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Skip ends the test because the machine cannot run it: a skip, or a failure
// where RequireVariable is set to 1.
func Skip(tb TB, format string, args ...any) {
	tb.Helper()
	if os.Getenv(RequireVariable) == "1" {
		tb.Fatalf(RequireVariable+"=1 forbids to skip: "+format, args...)
	}
	tb.Skipf(format, args...)
}
