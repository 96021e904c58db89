package expr

// MaxDepth is how deep parentheses, "not", unary minus, indexes and the right sides of
// "%" and "^" may nest, in all. Chains of "and" and "or" do not nest. It is a tenth of
// the other machines', because the host's stack, of about 1 MB, holds the calls.
const MaxDepth = 1_000
