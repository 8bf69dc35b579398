/*
 * The fence protocol (DESIGN.md, section 2) for ONE item, checked exhaustively by Spin within stated bounds.
 *
 * Every transaction is one d_step: it happens at once or not at all, which is what the row lock and a test in
 * the WHERE of the write itself buy (rule 1). Everything between two transactions interleaves. A pause is
 * nothing special: a process may be scheduled arbitrarily late, so a worker may always outlive its lease.
 *
 * Nothing here runs for ever (claims, acts and doubts are counted), so "always ends" (F5) is checked where
 * every run ends: in process End, when nothing else can move.
 *
 * What kind of item, which platform (-D):
 *   REPEATABLE     repeatable work; without it `once` work
 *   KEY            the platform refuses a second arrival with the same key; without it it takes both
 *   LATE           a request may arrive after its hard deadline too (its worker slept between check and
 *                  write(), rule 10); without it the deadline is final and `failed` must be the plain truth
 *   LOOK_LAGS      (with KEY) the platform's answer to a look may not show yet what it has accepted
 * Bounds (-D):
 *   CLAIMS=n       claims and run_nows granted      RECS=n      looks of the reconciler
 *   USERS=n        acts of people                   FOREIGN=n   statements of a program that knows no fence
 *   DOUBTS=n       commits whose answer is lost
 *   RULES=n        rules of the table's owner, each of which refuses one word, or every write
 *   REFUSES=WORD   ... this one only            PUT_OFFS=n  ... claims that are refused and put off
 *   NOT_LAST       no rescue is the last attempt's
 *   FLAGS          the foreign program also switches `enabled` and postpones
 *   NO_SAVE        ... and saves no whole old rows
 *   ATTEMPTS       attempts are counted
 *   ONLY_F2        the gate's monitor of F6 and F5's of stop_wanted are off: a variant shows what it does to F2
 *   NO_FALSE_END   demands that nothing ends failed or stopped although the platform took it (a known limit)
 *
 * Broken variants: each removes or spoils one line and must fail; where two guards cover each other, the
 * variants are only wrong together (spec/check says with what each is combined; README.md says why).
 *   NO_CLAIM_MARK, CLAIM_IGNORES_EFFECT, CLAIM_IN_TWO_STEPS, GATE_IN_TWO_STEPS, STOP_IN_TWO_STEPS
 *   GATE_NO_CLAIM, GATE_NO_FENCE, GATE_NO_STATUS, GATE_NO_ENABLED, GATE_NO_STOP_WANTED, GATE_NO_EFFECT,
 *   GATE_NO_LEASE, GATE_NO_DUE, GATE_NEW_KEY, GATE_DOUBT_RESENDS, GATE_DOUBT_SENDS
 *   SETTLE_NO_CLAIM, SETTLE_NO_FENCE, SETTLE_NO_STATUS, SETTLE_OVERTURNS, SETTLE_NEEDS_SENDING,
 *   SETTLE_DOUBT_IS_STALE, LOST_STOP_WANTED, LATE_YES_DROPPED, ACK_NO_CLAIM, TIMEOUT_IS_NO
 *   STOP_DOUBT_SAYS_PREVENTED, STOP_IGNORES_EFFECT, EDIT_OPEN, EDIT_KEEPS_FENCE, DELETE_OPEN,
 *   RESOLVE_NO_DEADLINE
 *   RESCUE_IGNORES_EFFECT, NO_RESCUE
 *   RECONCILE_NO_KEY, RECONCILE_NO_DEADLINE, RECONCILE_DEADLINE_AT_WRITE, RECONCILE_NO_FENCE
 *   NO_TRIGGER, TRIGGER_KEEPS_NOT_EFFECT, TRIGGER_KEEPS_NOT_KEY, TRIGGER_KEEPS_NOT_STOP,
 *   TRIGGER_KEEPS_NOT_ATTEMPT, TRIGGER_KEEPS_NOT_CLAIM
 *   KEPT_YES_LOST, KEEP_OVERTURNS, KEEP_SAYS_NOTHING, RESCUE_IGNORES_YES, REFUSED_RESCUE_WAITS,
 *   REFUSED_RESCUE_BLIND, PUT_OFF_UNTESTED, REFUSED_STOP_PREVENTS
 * What the model added to the design (README.md, "What the model taught us"); each undoes one addition:
 *   NO_WORD_REPAIR, NULL_LEASE_IS_LIVE, CANCEL_NOT_REMEMBERED, TRIGGER_LEAVES_STOPPED,
 *   RUN_NOW_IGNORES_EFFECT, STOP_BY_WORD, DECIDE_TWICE, RECONCILE_FORGETS_YES, PUT_OFF_NOT_DUE
 */

#ifndef CLAIMS
#define CLAIMS 2
#endif
#ifndef RECS
#define RECS 1
#endif
#ifndef USERS
#define USERS 0
#endif
#ifndef FOREIGN
#define FOREIGN 0
#endif
#ifndef DOUBTS
#define DOUBTS 0
#endif

#ifndef PUT_OFFS
#define PUT_OFFS 1
#endif

#ifdef KEY
#define HAS_KEY true
#else
#define HAS_KEY false
#endif
#ifdef LATE
#define MAY_BE_LATE true
#else
#define MAY_BE_LATE false
#endif
#ifdef REPEATABLE
#define IS_ONCE false
#else
#define IS_ONCE true
#endif

/* The words of the status column; GONE is a deleted row, on which every statement changes 0 rows. */
#define QUEUED  0
#define CLAIMED 1
#define SENDING 2
#define UNKNOWN 3
#define DONE    4
#define FAILED  5
#define STOPPED 6
#define GONE    7
/* No words: what the table refuses at present (table.pml). */
#define NOTHING 8
#define EVERY   9

/* The outcome column of the effects table; NO_ROW: that claim's gate never committed. */
#define NO_ROW    0
#define OPEN      1   /* begun, no outcome yet */
#define DONT_KNOW 2
#define HAPPENED  3
#define NEVER     4   /* certainly did not happen */

/* lease_until, seen from database time (F7). */
#define NULL_LEASE 0
#define LIVE       1
#define LAPSED     2

/* The item's row. */
byte status = QUEUED;
byte fence = 1;
byte claim_id;
byte effect;
byte effect_key;
byte lease = NULL_LEASE;
byte attempt;
bool stop_wanted;
bool is_enabled = true;
bool due = true;
#ifdef RULES
byte rules = RULES;
byte refused = NOTHING;
byte refused_rescue;  /* the claim whose rescue the table has refused as queued, and is tried as failed */
#endif

/* The effects table: one row a claim whose gate committed; append-only but for the outcome. */
#define ROWS (CLAIMS + 2)
byte outcome[ROWS];
byte key[ROWS];
bool past_deadline[ROWS];

/* The outside: requests on their way, what the platform took, how often. */
bool flying[ROWS];
bool took[ROWS];
bool took_key[ROWS];
byte taken;

/* What each worker remembers of its claim (0: it has none), and the budgets. */
byte my_claim[2];
byte my_fence[2];
byte r_claim, r_fence, r_effect;     /* the reconciler's lease */
byte c_fence;                        /* the fence in the old copy of the row that a foreign program holds */
byte claims;
byte recs;
byte keys;
byte users = USERS;
byte foreign = FOREIGN;
byte doubts = DOUBTS;

/* Monitors: what is true, kept apart from what the columns say. No statement reads them. */
bool current[2];      /* nobody has changed the item since this worker's claim or gate */
bool said_no;         /* a stop was answered, or a plain Cancelled was committed, and nothing re-armed it */
bool excused;         /* a person said "did not happen" in a world where requests may still be late */
#ifdef RULES
bool later;           /* somebody has postponed it, and that time has not come */
bool own_due;         /* run_at is a time of our own, sooner perhaps */
byte put_offs = PUT_OFFS;
#endif
bool late_yes;        /* the event was written */
bool told_late;       /* ... ever (only with NO_FALSE_END) */
byte ran;             /* attempts that really ran */

#define IS_OPEN(c) (outcome[c] == OPEN || outcome[c] == DONT_KNOW)
#define HAS_OPEN_EFFECT (effect != 0 && IS_OPEN(effect))
#define SHOWN_AS_TAKEN(c) (HAS_KEY -> took_key[key[c]] : took[c])

/* --- what may act on it: one file a party ----------------------------------------------------------------- */
#include "guards.pml"
#include "table.pml"
#include "statements.pml"
#include "workers.pml"
#include "people.pml"
#include "foreign.pml"
#include "engine.pml"

init {
  atomic {
#ifdef NO_CLAIM_MARK
    claim_id = 1;
#endif
    run Worker(0);
    run Worker(1);
#if USERS > 0
    run People();
#endif
#if FOREIGN > 0
    run Foreign();
#endif
#ifdef RULES
    run Table();
#endif
#ifndef REPEATABLE
    run Reconciler();
#endif
    run World()
  }
}
