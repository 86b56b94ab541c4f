"""Official clients of other systems, each in a process of its own, and the charts of what they sent."""
