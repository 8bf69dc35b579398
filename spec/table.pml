/* --- the rules of the table's owner: a CHECK, a unique index, a foreign trigger ------------------------- */

/* A rule comes and goes with what else stands in the table, or stays for good. A write of a word that it
   refuses changes nothing, and says so to whoever wrote. */
#ifdef RULES
#define REFUSED(word) (refused == (word) || refused == EVERY)
#else
#define REFUSED(word) false
#endif

#ifdef RULES
#ifdef REFUSES
#define MAY_REFUSE(word) (word == REFUSES)
#else
#define MAY_REFUSE(word) true
#endif

proctype Table()
{
  do
  :: atomic { rules > 0 && refused == NOTHING ->
              rules--;
              if
              :: MAY_REFUSE(QUEUED)  -> refused = QUEUED
              :: MAY_REFUSE(CLAIMED) -> refused = CLAIMED
              :: MAY_REFUSE(SENDING) -> refused = SENDING
              :: MAY_REFUSE(UNKNOWN) -> refused = UNKNOWN
              :: MAY_REFUSE(DONE)    -> refused = DONE
              :: MAY_REFUSE(FAILED)  -> refused = FAILED
              :: MAY_REFUSE(STOPPED) -> refused = STOPPED
              :: MAY_REFUSE(EVERY)   -> refused = EVERY
              fi;
              printf("the table refuses %d\n", refused) }
  :: d_step { refused != NOTHING -> printf("the table refuses nothing\n"); refused = NOTHING }
  :: break                                                 /* whatever it refuses now, it refuses for good */
  od
}
#endif

/* A known yes whose word the table refuses is kept without it (rule 6), in a transaction of its own: what was
   recorded meanwhile is not overturned. The row stays as it is, its fence too; the sweep goes on trying. */
inline keep_yes(c) {
  printf("the yes of %d is kept\n", c);
#ifndef KEPT_YES_LOST
  if
#ifdef KEEP_OVERTURNS
  :: true -> conclude(c, HAPPENED)
#else
  :: IS_OPEN(c) -> conclude(c, HAPPENED)
  :: else
#endif
  fi;
#ifndef KEEP_SAYS_NOTHING
  late_yes = true;
#ifdef NO_FALSE_END
  told_late = true;
#endif
#endif
#endif
  assert(outcome[c] == HAPPENED || late_yes);
  late_yes = false;
  F1
}

/* What the sweep would write is refused: the item is as it was, and tried again at each sweep. */
#ifdef RULES
#define HELD_UP \
  (((status == CLAIMED || status == SENDING) && effect == 0 && LEASE_OVER && \
    (stop_wanted -> REFUSED(STOPPED) : (REFUSED(QUEUED) && REFUSED(FAILED)))) || \
   (HAS_OPEN_EFFECT && REFUSED(UNKNOWN) && status != UNKNOWN && LEASE_OVER) || \
   (effect != 0 && outcome[effect] == HAPPENED && REFUSED(DONE)))
#else
#define HELD_UP false
#endif
