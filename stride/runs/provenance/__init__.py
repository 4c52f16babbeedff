"""Record where a run comes from: code, versions, machine; and bring its code back."""
