# Results that cannot be read.
$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -o c.h5 > /dev/null; trnsim compare c.h5 --baseline c.h5
trnsim: c.h5: is the result of a 'collective' run, expected training or baseline; trnsim report shows such results beside each other
[exit 3]

$ head -c 3000 c.h5 > cut.h5; trnsim digest cut.h5
trnsim: cut.h5: is damaged or cut short, expected a whole result of trnsim; copy it again or run again
[exit 3]

# Flipped bits: each file is read, or told in one line; the HDF5 library fails on some.
$ python3 - <<'END'
> import random, subprocess
> whole = open("c.h5", "rb").read()
> ends = set()
> for seed in range(60):
>     draw, flipped = random.Random(seed), bytearray(whole)
>     for _ in range(8):
>         flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
>     open("flipped.h5", "wb").write(flipped)
>     run = subprocess.run(["trnsim", "digest", "flipped.h5"], capture_output=True, text=True)
>     told = run.stdout if run.returncode == 0 else run.stderr
>     ends.add((run.returncode, told.count("\n"), "flipped.h5" in told))
> print(ends <= {(0, 1, True), (3, 1, True)}, (3, 1, True) in ends)
> END
True True
[exit 0]
