/* --- guards, as in the WHERE of each statement ---------------------------------------------------------- */

#ifdef NO_CLAIM_MARK
#define CLAIMED_WORD QUEUED    /* SKIP LOCKED alone: after its commit the row looks as it did before */
#else
#define CLAIMED_WORD CLAIMED
#endif

#ifdef CLAIM_IGNORES_EFFECT
#define C_EFFECT true
#else
#define C_EFFECT (effect == 0)
#endif
#define CLAIM_OK (status == QUEUED && is_enabled && C_EFFECT && due)

#ifdef GATE_NO_CLAIM
#define G_CLAIM(w) true
#else
#define G_CLAIM(w) (claim_id == my_claim[w])
#endif
#ifdef GATE_NO_FENCE
#define G_FENCE(w) true
#else
#define G_FENCE(w) (fence == my_fence[w])
#endif
#ifdef GATE_NO_STATUS
#define G_STATUS (status != GONE)
#else
#define G_STATUS (status == CLAIMED_WORD)
#endif
#ifdef GATE_NO_ENABLED
#define G_ENABLED true
#else
#define G_ENABLED is_enabled
#endif
#ifdef GATE_NO_STOP_WANTED
#define G_STOP true
#else
#define G_STOP (!stop_wanted)
#endif
#ifdef GATE_NO_EFFECT
#define G_EFFECT true
#else
#define G_EFFECT (effect == 0)
#endif
#ifdef GATE_NO_DUE
#define G_DUE true
#else
#define G_DUE due
#endif
#define GATE_MINE(w) (G_CLAIM(w) && G_FENCE(w) && G_STATUS && G_ENABLED && G_STOP && G_EFFECT)
#if defined(NO_CLAIM_MARK) || defined(GATE_NO_LEASE)
#define G_LEASE true
#else
#define G_LEASE (lease == LIVE)
#endif
#define GATE_OK(w) (GATE_MINE(w) && G_LEASE && G_DUE)

#ifdef SETTLE_NO_CLAIM
#define S_CLAIM(w) true
#else
#define S_CLAIM(w) (claim_id == my_claim[w])
#endif
#ifdef SETTLE_NO_FENCE
#define S_FENCE(w) true
#else
#define S_FENCE(w) (fence == my_fence[w])
#endif
#ifdef SETTLE_NO_STATUS
#define S_STATUS (status != GONE)
#else
#define S_STATUS (status == CLAIMED_WORD)
#endif
#define SETTLE_OK(w) (S_CLAIM(w) && S_FENCE(w) && S_STATUS)

#ifdef ACK_NO_CLAIM
#define ACK_OK(w) (fence != my_fence[w] && status == CLAIMED)
#else
#define ACK_OK(w) (claim_id == my_claim[w] && fence != my_fence[w] && status == CLAIMED)
#endif

/* Rule 6: by the effect, in any status, and only while nobody has recorded the outcome. */
#ifdef SETTLE_OVERTURNS
#define E_OUTCOME(c) true
#else
#define E_OUTCOME(c) (outcome[c] == OPEN || outcome[c] == DONT_KNOW)
#endif
#ifdef SETTLE_NEEDS_SENDING
#define E_STATUS (status == SENDING)
#else
#define E_STATUS true
#endif
#ifdef SETTLE_DOUBT_IS_STALE
#define OWN_OUTCOME(c) false
#else
#define OWN_OUTCOME(c) (outcome[c] == HAPPENED)
#endif
#define SETTLE_EFFECT_OK(c) (effect == c && E_OUTCOME(c) && E_STATUS)

/* Every path back to queued leads to stopped when a stop was recorded meanwhile (rule 7). */
#ifdef LOST_STOP_WANTED
#define OR_STOPPED(word) word
#else
#define OR_STOPPED(word) (stop_wanted -> STOPPED : word)
#endif

/* A lease that a foreign statement set to NULL counts as lapsed, or nobody would ever come (F5). */
#ifdef NULL_LEASE_IS_LIVE
#define LEASE_OVER (lease == LAPSED)
#else
#define LEASE_OVER (lease != LIVE)
#endif

/* --- promises ------------------------------------------------------------------------------------------- */

/* F1: whose next write would still change the row. */
#ifdef REPEATABLE
#define CAN_WRITE(w) (my_claim[w] != 0 && SETTLE_OK(w))
#else
#define CAN_WRITE(w) (my_claim[w] != 0 && (GATE_MINE(w) || SETTLE_EFFECT_OK(my_claim[w])))
#endif
#define F1 assert(!(CAN_WRITE(0) && CAN_WRITE(1)))

/* F3, first half: no effect begins beside one not known to have failed (the key only saves arrivals). */
#define BEGUN_BESIDE(c, p) (p != c && outcome[p] != NO_ROW && outcome[p] != NEVER)

#ifdef ONLY_F2
#define MAY_BEGIN true
#else
#define MAY_BEGIN (!stop_wanted)
#endif
/* F5, where everything has come to rest: ended, shown to a person, claimable, or paused by a person. */
#define AT_REST (status == DONE || status == FAILED || status == STOPPED || status == UNKNOWN || \
                 status == GONE || HELD_UP || \
                 (status == QUEUED && effect == 0 && (!is_enabled || MAY_BEGIN || !IS_ONCE)))
/* ... and no begun effect is forgotten by a row that shows something else. */
#define SETTLED(c) (outcome[c] == NO_ROW || outcome[c] == HAPPENED || outcome[c] == NEVER || \
                    (effect == c && (status == UNKNOWN || HELD_UP)))
/* ... and an item whose effect happened says so. */
#define SAYS_DONE (effect == 0 || outcome[effect] != HAPPENED || status == DONE || HELD_UP)
/* ... also under a later effect, or none: a known yes stays the item's. */
#define YES_STAYS(c) (outcome[c] != HAPPENED || effect == c || status == GONE)
