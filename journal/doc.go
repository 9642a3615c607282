// Package journal is an append-only log of records in segment files that survives crashes, power cuts, full disks and
// damaged cards. It knows nothing of protocols: a record has a key, a subject, a header and a payload.
//
// A store is one directory. Files are 0600, directories 0700, numbers are little-endian, crc is CRC-32C (Castagnoli).
//
//	0000000000000001-5bd1e995.seg   segment: first sequence number it may hold, salt of the store
//	0000000000002f07-5bd1e995.seg   ... the last one grows, the others are never written to
//	head                            where the log begins; overwritten in place, in two slots by turns
//	lock                            held while a process has the store open (not on Windows)
//
// A segment is a header and records, one behind the other:
//
//	 0        8         10        12       16       24        32        40        48         60      64
//	+--------+---------+---------+--------+--------+---------+---------+---------+----------+-------+
//	| magic  | version | 0       | salt   | base   | after   | floor   | created | 0        | crc   |
//	+--------+---------+---------+--------+--------+---------+---------+---------+----------+-------+
//	 base: sequence number of its first record, as in its name
//	 after: records from after up to base were never acknowledged; those in the segment before are void
//	 floor: where the log began when the segment was made; created: Unix nanoseconds
//	 crc: of the 60 bytes before it. Magic, version and crc stay where they are in every version.
//
// A record is a frame and a body. The crc begins with the salt, so that bytes of another store, or a payload that looks
// like a record, are none:
//
//	 0       4        8        10                       10+size
//	+-------+--------+--------+---------- - - ---------+
//	| crc   | size   | sum    | body                   |
//	+-------+--------+--------+---------- - - ---------+
//	 crc: of size and body; size: of the body in bytes; sum: upper half of the crc of the 8 bytes before it, so that
//	 damage to a body does not hide where the next record begins
//
//	body of a message
//	+------+-----+------+--------+---------+-----+-------------+---------+------------+--------+---------+
//	| kind | seq | [id] | time 8 | key len | key | subject len | subject | header len | header | payload |
//	+------+-----+------+--------+---------+-----+-------------+---------+------------+--------+---------+
//	body of a mark
//	+------+-----+------+---------+-----+---------+
//	| kind | seq | [id] | key len | key | payload |
//	+------+-----+------+---------+-----+---------+
//	 kind: 1 message, 2 mark, plus 16 when it was carried over and has an id; seq, id and lengths are uvarints;
//	 time: Unix nanoseconds
//
// The head has two slots of 64 bytes, at 0 and at 4096. The valid one with the higher turn counts:
//
//	 0        8         10        12       16       24        32        40        48         60      64
//	+--------+---------+---------+--------+--------+---------+---------+---------+----------+-------+
//	| magic  | version | 0       | salt   | turn   | floor   | newest  | end     | time 8, 0| crc   |
//	+--------+---------+---------+--------+--------+---------+---------+---------+----------+-------+
//	 floor: the first record that counts; newest: base of the newest segment known to hold a record;
//	 end: sequence number behind the last record when the store was closed, 0 when it was not;
//	 time: the latest time that was believed, Unix nanoseconds
//
// Sequence numbers count up by one and are never given twice, but for records that were cut off with a torn tail. A
// number that is missing is a record that is lost, or, before after of the next segment, one that was never acknowledged.
package journal

// Version of the format. A store with a segment of a newer one is not opened.
const Version = 1
