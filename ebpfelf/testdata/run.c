/* Loads an object with libbpf and runs its program on packets, each a file.
 * Prints the program's type, and what it returned for each packet. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	static unsigned char packet[4096];
	struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
	struct bpf_program *program;

	if (!object || bpf_object__load(object))
		return 1;
	program = bpf_object__find_program_by_name(object, "filter");
	if (!program)
		return 2;
	printf("%s", libbpf_bpf_prog_type_str(bpf_program__type(program)));
	for (int i = 2; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet);

		if (!file)
			return 3;
		run.data_size_in = fread(packet, 1, sizeof(packet), file);
		fclose(file);
		if (bpf_prog_test_run_opts(bpf_program__fd(program), &run))
			return 4;
		printf(" %u", run.retval);
	}
	printf("\n");
	return 0;
}
