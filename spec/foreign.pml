/* --- a program that knows no fence, and the trigger (rule 12) ------------------------------------------- */

/* What the trigger makes of a foreign statement. The fence moves by one whatever was written. A foreign
   statement is known by not writing OLD.fence + 1; it cannot touch the protocol's memory. */
#ifdef NO_TRIGGER
#define AFTER_TRIGGER_FENCE(new) new
#define KEEP_EFFECT(old, new)  new
#define KEEP_KEY(old, new)     new
#define KEEP_CLAIM(old, new)   new
#define KEEP_STOP(old, new)    new
#define KEEP_ATTEMPT(old, new) new
#else
#define AFTER_TRIGGER_FENCE(new) NEXT_FENCE
#ifdef TRIGGER_KEEPS_NOT_EFFECT
#define KEEP_EFFECT(old, new) new
#else
#define KEEP_EFFECT(old, new) old
#endif
#ifdef TRIGGER_KEEPS_NOT_KEY
#define KEEP_KEY(old, new) new
#else
#define KEEP_KEY(old, new) old
#endif
#ifdef TRIGGER_KEEPS_NOT_CLAIM
#define KEEP_CLAIM(old, new) new
#else
#define KEEP_CLAIM(old, new) old
#endif
#ifdef TRIGGER_KEEPS_NOT_STOP
#define KEEP_STOP(old, new) new
#else
#define KEEP_STOP(old, new) (old || new)
#endif
#ifdef TRIGGER_KEEPS_NOT_ATTEMPT
#define KEEP_ATTEMPT(old, new) new
#else
#define KEEP_ATTEMPT(old, new) old
#endif
#endif

/* A stopped `once` item stays stopped, whatever word a program saves: only a recorded act re-arms it (F2).
   For repeatable work a plain Queued is how other programs ask for another run: it re-arms. */
#ifdef NO_TRIGGER
#define WORD_ALLOWED(word) word
#else
#ifdef TRIGGER_LEAVES_STOPPED
#define WORD_ALLOWED(word) word
#else
#define WORD_ALLOWED(word) ((IS_ONCE && status == STOPPED) -> STOPPED : word)
#endif
#endif

/* A Cancelled on an open effect is a stop: it must be remembered, or a retry would send after it. */
#ifdef CANCEL_NOT_REMEMBERED
#define CANCELS_OPEN false
#else
#define CANCELS_OPEN (word == STOPPED && HAS_OPEN_EFFECT)
#endif

inline foreign_word() {
  /* word: what the statement writes; the monitor hears what its author meant */
  if
  :: word == STOPPED -> said_no = true
  :: word != STOPPED && !IS_ONCE -> said_no = false
  :: else
  fi;
  if
  :: CANCELS_OPEN -> stop_wanted = true
  :: else
  fi;
  status = WORD_ALLOWED(word);
  word = 0
}

#ifdef RULES
#define LATER_OK (due || own_due)
#define POSTPONED later = true; own_due = false;
#else
#define LATER_OK due
#define POSTPONED
#endif

proctype Foreign()
{
  byte word;
  bool have;          /* a copy of the whole row, read some time ago by a program that will save it whole */
  byte c_status, c_claim, c_effect, c_key, c_lease, c_attempt;
  bool c_stop, c_enabled, c_due;

statements:
  if
  :: d_step { foreign > 0 && (status != QUEUED && status != GONE) && !REFUSED(QUEUED) ->
              foreign--; printf("foreign: Queued\n");
              word = QUEUED; fence = AFTER_TRIGGER_FENCE(fence); moved(); foreign_word(); F1 };
     goto statements
  :: d_step { foreign > 0 && (status != STOPPED && status != GONE) && !REFUSED(STOPPED) ->
              foreign--; printf("foreign: Cancelled\n");
              word = STOPPED; fence = AFTER_TRIGGER_FENCE(fence); moved(); foreign_word(); F1 };
     goto statements
  :: d_step { foreign > 0 && (status != DONE && status != GONE) && !REFUSED(DONE) ->
              foreign--; printf("foreign: Completed\n");
              word = DONE; fence = AFTER_TRIGGER_FENCE(fence); moved(); foreign_word(); F1 };
     goto statements
#ifdef FLAGS
  :: d_step { foreign > 0 && status != GONE && !REFUSED(status) -> foreign--;
              printf("foreign: is_enabled = %d\n", !is_enabled);
              is_enabled = !is_enabled; fence = AFTER_TRIGGER_FENCE(fence); moved(); F1 };
     goto statements
  :: d_step { foreign > 0 && status != GONE && LATER_OK && !REFUSED(status) -> foreign--;
              printf("foreign: postponed\n"); due = false; POSTPONED
              fence = AFTER_TRIGGER_FENCE(fence); moved(); F1 };
     goto statements
#endif
#ifndef NO_SAVE
  :: d_step { foreign > 0 && !have && status != GONE -> printf("foreign: reads the row\n");
              have = true; c_status = status; c_fence = fence; c_claim = claim_id; c_effect = effect;
              c_key = effect_key; c_lease = lease; c_attempt = attempt; c_stop = stop_wanted;
              c_enabled = is_enabled; c_due = due };
     goto statements
  :: d_step { foreign > 0 && have && status != GONE && !REFUSED(c_status) ->
              foreign--; printf("foreign: saves its whole old row\n");
              word = c_status;
              fence = AFTER_TRIGGER_FENCE(c_fence);
              moved();
              stop_wanted = KEEP_STOP(stop_wanted, c_stop);
              foreign_word();
              effect = KEEP_EFFECT(effect, c_effect);
              effect_key = KEEP_KEY(effect_key, c_key);
              claim_id = KEEP_CLAIM(claim_id, c_claim);
              attempt = KEEP_ATTEMPT(attempt, c_attempt);
              lease = c_lease; is_enabled = c_enabled; due = c_due;
#ifdef RULES
              later = !c_due; own_due = false;
#endif
              have = false; c_status = 0; c_fence = 0; c_claim = 0; c_effect = 0; c_key = 0; c_lease = 0;
              c_attempt = 0; c_stop = false; c_enabled = false; c_due = false;
              F1 };
     goto statements
#endif
  :: d_step { foreign = 0; have = false; c_status = 0; c_fence = 0; c_claim = 0; c_effect = 0; c_key = 0;
              c_lease = 0; c_attempt = 0; c_stop = false; c_enabled = false; c_due = false }
  fi
}

/* From here on the request does not arrive any more, unless the world is one where it may. */
inline deadline(c) {
  printf("the deadline of %d passes\n", c);
  past_deadline[c] = true;
  flying[c] = flying[c] && MAY_BE_LATE
}
