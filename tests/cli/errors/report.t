# A page of what is no result: one message, and no page.
$ trnsim report
…
[exit 2]

$ trnsim report a.h5
trnsim: report: no file for the page; name one with -o, such as -o report.html
[exit 2]

$ trnsim report nothing.h5 -o page.html; test -e page.html
…nothing.h5…
[exit 1]

$ trnsim report workloads/all-reduce-1GiB.yaml -o page.html
…all-reduce-1GiB.yaml…
[exit 3]

# A disk that is full, a folder that is not there.
$ trnsim run workloads/all-reduce-1GiB.yaml --platform platforms/p5.xml -q -o c.h5 > /dev/null; trnsim report c.h5 -o /dev/full
trnsim: /dev/full: No space left on device; give another file with -o
[exit 5]

$ trnsim report c.h5 -o nowhere/page.html
trnsim: nowhere/page.html: No such file or directory; give another file with -o
[exit 5]

$ trnsim report c.h5 -o page.html && grep -c "</html>" page.html
page.html: a page that opens in any browser
1
[exit 0]
