//go:build !wasm

package expr

// MaxDepth is how deep parentheses, "not", unary minus, indexes and the right sides of
// "%" and "^" may nest, in all. Chains of "and" and "or" do not nest. It is the depth of
// libpcap's parser stack; on WebAssembly it is a tenth of that.
const MaxDepth = 10_000
