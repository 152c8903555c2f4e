# SPDX-License-Identifier: Apache-2.0
"""All machines: one entry, one XML file."""
from __future__ import annotations

from generator import machines_custom, machines_nvidia, machines_servers, machines_tpu, machines_trainium
from generator.machine import Machine

MACHINES: list[Machine] = [*machines_trainium.MACHINES, *machines_nvidia.MACHINES,
                           *machines_servers.MACHINES, *machines_tpu.MACHINES,
                           *machines_custom.MACHINES]
