# Machines.
$ sed 's/value="700W"/value="700"/' platforms/p5.xml > p5.xml; trnsim platform inspect p5.xml
trnsim: p5.xml:…: property 'chip.h100.tdp': '700' has no unit; expected a power such as 1.2kW
        <prop id="chip.h100.tdp" value="700"/>
        ^
[exit 3]

$ head -40 platforms/p5.xml > p5.xml; trnsim platform inspect p5.xml
trnsim: p5.xml:41:1: is not well-formed XML: no element found; mend it here or just before
[exit 3]

$ trnsim platform
trnsim: platform: no action given; use list, inspect, expand, fold or schema
[exit 2]

$ trnsim platform lst
trnsim: platform: there is no action 'lst'; did you mean 'list'?
[exit 2]

$ trnsim platform dance
trnsim: platform: there is no action 'dance'; use list, inspect, expand, fold or schema
[exit 2]

$ trnsim platform inspect
trnsim: platform inspect: found 0 arguments, expected FILE; 'trnsim help platform inspect' shows examples
[exit 2]

$ trnsim platform list nowhere
trnsim: nowhere: cannot be listed (No such file or directory); name the folder that holds the platform files
[exit 5]

$ trnsim platform inspect platforms/p5.xml --ultraservers 1000000000
trnsim: platforms/p5.xml: 1000000000 servers asked for, but the last scale-out tier joins at most 524288; use fewer, or add a tier
[exit 3]

$ trnsim platform expand platforms/p5.xml -o results
trnsim: results: is no regular file; give -o a file or a new name
[exit 2]

$ trnsim platform expand platforms/p5.xml -o nowhere/a.xml
trnsim: nowhere/a.xml could not be written (No such file or directory); choose another -o
[exit 5]

# A published value without its source is refused.
$ grep -v 'chip.h100.tdp.source' platforms/p5.xml > p5.xml; trnsim platform inspect p5.xml
trnsim: p5.xml:…: …source…
…
[exit 3]
