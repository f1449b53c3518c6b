"""How the lungs look from apex to base, beside a reference; independent of networks.

`profile` measures, `reference` holds what is usual and how much it varies, `score`
turns the distance between the two into a number from 0 to 1 and names the levels that
it rests on. Needs no torch.
"""
