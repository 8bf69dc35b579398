-- What a queue is (words, key, columns), for those that `fencepost adopt` has made: doctor, loop, verify and
-- a restart read it from here. Empty: the queue is described by the program that owns its table.
ALTER TABLE fencepost_queues ADD COLUMN descriptor TEXT NOT NULL DEFAULT '';
